import { subjectToWire } from "@interlock/bot";
import type { Bot, Revocation, WatchTrustResponse } from "@interlock/bot/protocol";
import { type Init, spiffeId } from "@interlock/policy";
import type { BotRow, RevocationRow } from "../store/schema.js";
import type { TrustUpdate } from "../trust-hub/trust-update.js";

/** An update of the trust, as it goes over the wire. */
export function trustToWire({ appliesTo, state, restored }: TrustUpdate): Init<WatchTrustResponse> {
  return {
    appliesTo,
    resultsIn: state.version,
    trustDomain: state.trustDomain,
    issuer: state.issuer,
    formerIssuers: state.formerIssuers ?? [],
    caCertificates: state.caCertificates,
    jwks: JSON.stringify(state.jwks),
    revocations: state.revocations.map(revocationToWire),
    staleAfterSeconds: Math.ceil(state.staleAfterMs / 1_000),
    restored: restored.map(revocationToWire),
    cutOffs: (state.cutOffs ?? []).map((cutOff) => ({ ...cutOff, grantsVersion: BigInt(cutOff.grantsVersion) })),
  };
}

/** A bot, as it goes over the wire. */
export function botToWire(bot: BotRow, trustDomain: string): Init<Bot> {
  return {
    spiffeId: spiffeId(trustDomain, bot.name).uri,
    joinedAt: new Date(bot.joinedAt),
    certificateExpiresAt: new Date(bot.certificateExpiresAt),
    certificateSerial: bot.certificateSerial,
    ...(bot.retiredAt !== null && { retiredAt: new Date(bot.retiredAt) }),
  };
}

/** A revocation, as it goes over the wire. */
export function revocationToWire(
  revocation: Omit<RevocationRow, "trustVersion" | "liftedAt" | "expiresAt">,
): Init<Revocation> {
  const { revokedAt, reason } = revocation;
  return { subject: subjectToWire(revocation), revokedAt: new Date(revokedAt), reason };
}
