import type { Tracer } from "@opentelemetry/api";

/**
 * The descriptions of the samplers that sample no span without a parent, as the specification of OpenTelemetry has them (Tracing
 * SDK, "AlwaysOff", "ParentBased"). That of a sampler for the parents that are sampled, or not, may follow.
 */
const never = /^(?:AlwaysOffSampler|ParentBased\{root=AlwaysOffSampler[,}].*)$/s;

/**
 * Whether a tracer is known to sample no span without a parent, so that there is no need to ask it. The API cannot tell: the
 * tracer of the SDK for Node is looked at. Every other sampler, and every other tracer, gives false.
 */
export function samplesNoRoot(tracer: Tracer): boolean {
  const { _sampler: sampler } = tracer as { readonly _sampler?: unknown };
  try {
    return typeof sampler === "object" && never.test(String(sampler));
  } catch {
    return false; // A sampler of the program, whose description throws.
  }
}
