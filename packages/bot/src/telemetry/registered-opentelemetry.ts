import { createRequire } from "node:module";

type OpenTelemetry = typeof import("@opentelemetry/api");

/**
 * The API of OpenTelemetry, if an SDK for metrics is registered with it. Without one it is not even loaded: its many small
 * files take longer to load than `@interlock/wire`.
 */
export function registeredOpenTelemetry(): OpenTelemetry | undefined {
  // The API keeps what is registered here, so that copies of it share it (its src/internal/global-utils.ts).
  const registry: { metrics?: unknown } | undefined = Reflect.get(globalThis, Symbol.for("opentelemetry.js.api.1"));
  if (!registry?.metrics) return undefined;
  return createRequire(import.meta.url)("@opentelemetry/api") as OpenTelemetry;
}
