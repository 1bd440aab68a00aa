import type { WatchTrustResponse, Revocation as WireRevocation } from "../gen/interlock/authority/v1/authority.js";
import type { Revocation, TrustState } from "./trust.js";

/**
 * The trust after an update from the authority. Pure. Throws when an incremental update is not for the version at
 * hand: ask for the complete trust again.
 */
export function applyTrustUpdate(state: TrustState | undefined, update: WatchTrustResponse): TrustState {
  const complete = update.appliesTo === 0n;
  if (!complete && update.appliesTo !== state?.version) {
    throw new Error(`The trust update is for version ${update.appliesTo}, and version ${state?.version ?? 0n} is held.`);
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
    revocations: [...(complete ? [] : (state?.revocations ?? [])), ...update.revocations.flatMap(fromWire)],
    staleAfterMs: update.staleAfterSeconds * 1_000,
  };
}

function fromWire({ subject, revokedAt, reason }: WireRevocation): Revocation[] {
  if (!subject) return [];
  const kind = ({ spiffeId: "identity", certificateSerial: "certificate", tokenId: "token" } as const)[subject.$case];
  return [{ kind, subject: subject.value, revokedAt: revokedAt?.getTime() ?? 0, reason }];
}
