import type { WatchTrustResponse, Revocation as WireRevocation } from "../gen/interlock/authority/v1/authority.js";
import { type Revocation, revocationKey, type TrustState } from "./trust.js";

/**
 * The trust after an update from the authority. Pure. Throws when an incremental update is not for the version at
 * hand: ask for the complete trust again.
 */
export function applyTrustUpdate(state: TrustState | undefined, update: WatchTrustResponse): TrustState {
  const complete = update.appliesTo === 0n;
  if (!complete && update.appliesTo !== state?.version) {
    const held = state?.version ?? 0n;
    throw new Error(`The trust update is for version ${update.appliesTo}, and version ${held} is held.`);
  }
  if (state && update.trustDomain !== state.trustDomain) {
    throw new Error(`The trust update is for "${update.trustDomain}", and this bot is of "${state.trustDomain}".`);
  }
  return {
    version: update.resultsIn,
    trustDomain: update.trustDomain,
    issuer: update.issuer,
    caCertificates: update.caCertificates,
    jwks: JSON.parse(update.jwks),
    revocations: revocationsAfter(complete ? [] : (state?.revocations ?? []), update),
    cutOffs: update.cutOffs.map((cutOff) => ({ ...cutOff, grantsVersion: Number(cutOff.grantsVersion) })),
    staleAfterMs: update.staleAfterSeconds * 1_000,
  };
}

function revocationsAfter(held: readonly Revocation[], update: WatchTrustResponse): Revocation[] {
  const revocations = new Map(held.map((revocation) => [revocationKey(revocation), revocation]));
  for (const restored of update.restored.flatMap(fromWire)) revocations.delete(revocationKey(restored));
  for (const revocation of update.revocations.flatMap(fromWire)) revocations.set(revocationKey(revocation), revocation);
  return [...revocations.values()];
}

function fromWire({ subject, revokedAt, reason }: WireRevocation): Revocation[] {
  if (!subject) return [];
  return [{ kind: kindOf[subject.$case], subject: subject.value, revokedAt: revokedAt?.getTime() ?? 0, reason }];
}

const kindOf = {
  spiffeId: "identity",
  identityPattern: "pattern",
  certificateSerial: "certificate",
  tokenId: "token",
} as const;
