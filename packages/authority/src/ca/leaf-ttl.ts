import { matchesIdentity, parseSpiffeId } from "@interlock/policy";
import { renewalLeadMs } from "./ca-schedule.js";

/** How long the certificates of bots are valid. */
export interface LeafTtl {
  /** In milliseconds, for every bot that no pattern matches. */
  readonly leafTtlMs: number;
  /** In milliseconds, by identity pattern. The first pattern that matches decides. */
  readonly leafTtlsMs: Readonly<Record<string, number>>;
}

/** The shortest lifetime of a certificate, in milliseconds: one second. */
export const minimumLeafTtlMs = 1_000;

/**
 * The longest lifetime of a certificate, in milliseconds: 30 days. An intermediate is renewed when it has that long left, and no
 * certificate outlives it.
 */
export const maximumLeafTtlMs = renewalLeadMs;

/** Returns how long a certificate for a SPIFFE ID is valid, in milliseconds. The authority's own name matches no pattern. */
export function leafTtlOf(spiffeId: string, { leafTtlMs, leafTtlsMs }: LeafTtl, self: string): number {
  const name = spiffeId === self ? undefined : parseSpiffeId(spiffeId)?.name;
  if (name === undefined) return leafTtlMs;
  const found = Object.entries(leafTtlsMs).find(([pattern]) => matchesIdentity(pattern, name));
  return found?.[1] ?? leafTtlMs;
}
