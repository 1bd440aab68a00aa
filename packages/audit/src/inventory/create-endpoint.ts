import { comparePolicies } from "../compare-policies.js";
import type { Coverage } from "../coverage.js";
import { isPastSunset } from "../ended.js";
import { isOwnService } from "../own-services.js";
import { listText } from "../text.js";
import type { MethodCalls } from "./collect-callers.js";
import type { KnownMethod } from "./collect-methods.js";
import { type Endpoint, type EndpointServer, type EndpointState, endpointStates } from "./inventory.js";

/** What is known of one method. */
export interface EndpointFacts {
  readonly known: KnownMethod;
  readonly servers: readonly EndpointServer[];
  readonly calls: MethodCalls;
  /** Absent when the authority was not asked. */
  readonly coverage: Coverage | undefined;
  readonly now: number;
  /** The beginning of the window. */
  readonly since: number;
  readonly isProject: boolean;
  /** Whether every server refuses it. */
  readonly isRetired: boolean;
}

/** Makes the row of a method; undefined for one that is history. */
export function createEndpoint(facts: EndpointFacts): Endpoint | undefined {
  const { known, servers, calls } = facts;
  const { service, method, kind, owner, declared, served } = known;
  if (!isCurrent(facts)) return undefined;
  const policy = declared?.policy ?? served[0]?.policy;
  const own = isOwnService(service);
  const use = judgeUse(facts);
  const unknown = [
    ...(method === "" ? ["It is known by its name only: no manifest names its methods and their policies."] : []),
    ...(method !== "" && !policy && !own ? ["No proto file and no manifest states its policy."] : []),
    ...(own ? [] : use.unknown),
  ];
  const holds: Readonly<Record<EndpointState, boolean>> = {
    declared: declared !== undefined,
    served: servers.some(({ online }) => online),
    listening: servers.some(({ listening }) => listening),
    used: use.state === "used",
    unused: use.state === "unused" && !own,
    deprecated: policy?.deprecation !== undefined,
    "past sunset": policy !== undefined && isPastSunset(policy, facts.now),
    retired: facts.isRetired,
    undeclared: !own && (facts.isProject ? declared === undefined : policy === undefined),
    unknown: unknown.length > 0,
  };
  return {
    name: method === "" ? service : `${service}/${method}`,
    service,
    method,
    own,
    kind,
    owner,
    policy,
    drift: driftOf(known),
    place: declared?.place,
    states: endpointStates.filter((state) => holds[state]),
    unknown,
    unusedSince: holds.unused ? use.since : undefined,
    callers: calls.callers,
    calls: calls.calls,
    denials: calls.denials,
    firstCallAt: calls.firstAt,
    lastCallAt: calls.lastAt,
    servers,
  };
}

/** Whether a method is declared, may be served, or was called within the window. */
function isCurrent({ known, servers, calls, since }: EndpointFacts): boolean {
  if (known.declared || (calls.lastAt ?? 0) >= since) return true;
  return servers.some(({ online, listening, lastSeenAt = 0 }) => online || listening || lastSeenAt >= since);
}

interface Use {
  readonly state: "used" | "unused" | "unknown";
  readonly since?: number | undefined;
  readonly unknown: readonly string[];
}

/** Judges whether a method is used. "Unused" is said only when no call can have been missed. */
function judgeUse({ known, calls, coverage, since }: EndpointFacts): Use {
  if ((calls.lastAt ?? 0) >= since) return { state: "used", unknown: [] };
  if (!coverage)
    return { state: "unknown", unknown: ["The authority was not asked, so servers and calls are not known."] };
  if (coverage.gaps.length > 0) return { state: "unknown", unknown: coverage.gaps.map((gap) => `${gap}.`) };
  if (known.method === "") return { state: "unknown", unknown: [] };
  return { state: "unused", since: calls.lastAt ?? coverage.firstAt, unknown: [] };
}

/** Says how served policies differ from the one that counts. */
function driftOf({ method, declared, served }: KnownMethod): string[] {
  const [first] = served;
  const base = declared?.policy ?? first?.policy;
  if (!base) return [];
  return served.flatMap(({ policy, bots }) => {
    const who = listText([...bots].sort());
    return comparePolicies(base, policy).map(({ text, direction }) => {
      const than = declared ? "it is declared" : "as served by others";
      return `As served by ${who}, ${method} ${text}${direction === "changed" ? "" : `; that is ${direction === "loosened" ? "looser" : "tighter"} than ${than}`}.`;
    });
  });
}

/** Whether a sentence of {@link Endpoint.drift}, as `driftOf` writes it, says that a policy is looser than another. */
export function isLooser(sentence: string): boolean {
  return sentence.includes("; that is looser than");
}
