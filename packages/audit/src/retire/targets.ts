import type { AuditInputs } from "../inputs/inputs.js";
import type { KnownMethod } from "./known-methods.js";
import type { RescanTarget } from "./rescan.js";
import { type RetireSubject, serviceOf } from "./subject.js";

/** Where a subject is looked for. */
export interface Targets {
  readonly targets: readonly RescanTarget[];
  /** How many addresses there are besides. While there are any, a scan proves nothing. */
  readonly untried: number;
}

/** The maximum number of addresses that a retirement looks at. */
export const maximumTargets = 256;

/** The maximum number of methods that are tried at one address. */
export const maximumTried = 1_000;

/**
 * Finds the addresses at which a subject is or was served, by any process that has not said that it ends: one that was not
 * seen for long may still listen. With the latest first, {@link maximumTargets} at most.
 *
 * @param more - Further addresses, which come first.
 */
export function findTargets(
  { fleet }: AuditInputs,
  { kind, name }: RetireSubject,
  methods: readonly KnownMethod[],
  more: readonly string[],
): Targets {
  const service = kind === "method" ? serviceOf(name) : name;
  // A stream that any bot may open would start its handler.
  const safe = methods.filter(
    ({ policy, kind: form }) => !policy.anyBot || form === "unary" || form === "serverStreaming",
  );
  const tried = kind === "bot" ? undefined : safe.slice(0, maximumTried).map((method) => `/${method.name}`);
  const serving = [...(fleet?.processes ?? [])]
    .filter(
      ({ bot, services, stoppedAt }) =>
        stoppedAt === undefined && (kind === "bot" ? bot === name : services.includes(service)),
    )
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt);
  const found = new Map<string, RescanTarget>();
  for (const address of more) found.set(address, { address, bot: kind === "bot" ? name : "", methods: tried });
  for (const { bot, addresses } of serving) {
    for (const address of addresses) if (!found.has(address)) found.set(address, { address, bot, methods: tried });
  }
  const targets = [...found.values()].slice(0, maximumTargets);
  return { targets, untried: safe.length > maximumTried && kind !== "bot" ? found.size : found.size - targets.length };
}
