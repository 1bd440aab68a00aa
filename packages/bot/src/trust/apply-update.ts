import { isTrustDomain } from "@interlock/policy";
import type { JSONWebKeySet } from "jose";
import type { Revocation as WireRevocation } from "../gen/interlock/authority/v1/revocation.js";
import type { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import { parseCertificate } from "../identity/certificate.js";
import { subjectFromWire } from "./subject-wire.js";
import { type Revocation, revocationKey, type TrustState } from "./trust.js";

/**
 * The trust after an update from the authority. Pure. Throws when an incremental update is not for the version at
 * hand: ask for the complete trust again.
 */
export function applyTrustUpdate(state: TrustState | undefined, update: WatchTrustResponse): TrustState {
  const complete = update.appliesTo === 0n;
  if (!complete && update.appliesTo !== state?.version) {
    throw new Error(
      `The trust update is for version ${update.appliesTo}, and version ${state?.version ?? 0n} is held.`,
    );
  }
  if (state && update.trustDomain !== state.trustDomain) {
    throw new Error(`The trust update is for "${update.trustDomain}", and this bot is of "${state.trustDomain}".`);
  }
  checkUpdate(update, state);
  return {
    version: update.resultsIn,
    trustDomain: update.trustDomain,
    issuer: update.issuer,
    formerIssuers: update.formerIssuers,
    caCertificates: update.caCertificates,
    ...(update.activeCa !== "" && { activeCa: update.activeCa }),
    jwks: readJwks(update.jwks),
    revocations: revocationsAfter(complete ? [] : (state?.revocations ?? []), update),
    cutOffs: update.cutOffs.map((cutOff) => ({ ...cutOff, grantsVersion: Number(cutOff.grantsVersion) })),
    staleAfterMs: update.staleAfterSeconds * 1_000,
  };
}

function revocationsAfter(held: readonly Revocation[], update: WatchTrustResponse): Revocation[] {
  const revocations = new Map(held.map((revocation) => [revocationKey(revocation), revocation]));
  for (const unrevoked of update.unrevoked.flatMap(fromWire)) revocations.delete(revocationKey(unrevoked));
  for (const revocation of update.revocations.flatMap(fromWire)) revocations.set(revocationKey(revocation), revocation);
  return [...revocations.values()];
}

// What is unsound here would be found out by every handshake and every call: better to keep what is held.
function checkUpdate(update: WatchTrustResponse, held: TrustState | undefined): void {
  const { trustDomain, issuer, caCertificates, staleAfterSeconds } = update;
  if (!isTrustDomain(trustDomain))
    throw new Error(`The trust update is for "${trustDomain}", which is no trust domain.`);
  if (issuer === "") throw new Error("The trust update names no issuer.");
  if (staleAfterSeconds === 0) throw new Error("The trust update has no bound for staleness.");
  if (caCertificates.length === 0) throw new Error("The trust update has no CA certificate.");
  // Nearly every update has the certificates of the one before it, and reading one is the dearest part of it all.
  for (const der of caCertificates) if (!isHeld(der, held)) parseCertificate(der);
}

function isHeld(der: Uint8Array, held: TrustState | undefined): boolean {
  return held?.caCertificates.some((known) => Buffer.compare(known, der) === 0) ?? false;
}

function readJwks(text: string): JSONWebKeySet {
  const jwks: Partial<JSONWebKeySet> | null = JSON.parse(text);
  if (!Array.isArray(jwks?.keys)) throw new Error("The trust update has no token keys.");
  // Every call looks for its key among them.
  if (!jwks.keys.every((key: unknown) => typeof key === "object" && key !== null && "kid" in key)) {
    throw new Error("The trust update has a token key without a name.");
  }
  return { keys: jwks.keys };
}

function fromWire({ subject, revokedAt, reason }: WireRevocation): Revocation[] {
  const known = subjectFromWire(subject);
  return known ? [{ ...known, revokedAt: revokedAt?.getTime() ?? 0, reason }] : [];
}
