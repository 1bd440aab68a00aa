import { isTrustDomain } from "@interlock/policy";
import type { JSONWebKeySet } from "jose";
import type { Revocation as WireRevocation } from "../gen/interlock/authority/v1/revocation.js";
import type { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import { parseCertificate } from "../identity/certificate.js";
import { type FederatedDomain, federatedFromWire, readFederated, sameFederated } from "./federated-domain.js";
import { maximumRetiredMethods } from "./retired-methods.js";
import { type Revocation, revocationKey } from "./revocation.js";
import { subjectFromWire } from "./subject-wire.js";
import type { TrustState } from "./trust.js";

/**
 * The trust after an update from the authority. Pure.
 *
 * @throws An `Error` when the update is unsound, or when an incremental one is for another version than `state`'s. Then the
 * caller asks for the complete trust.
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
    ...retiredAfter(complete ? [] : (state?.retired ?? []), update),
    ...federatedAfter(state?.federated ?? [], update),
    staleAfterMs: update.staleAfterSeconds * 1_000,
  };
}

function revocationsAfter(held: readonly Revocation[], update: WatchTrustResponse): Revocation[] {
  const ended = update.unrevoked.flatMap(fromWire);
  const added = update.revocations.flatMap(fromWire);
  // An update changes a few of many, and a key is made for those alone that it may change.
  const subjects = new Set([...ended, ...added].map(({ subject }) => subject));
  const changes = new Map<string, Revocation | undefined>();
  for (const revocation of ended) changes.set(revocationKey(revocation), undefined);
  for (const revocation of added) changes.set(revocationKey(revocation), revocation);
  const revocations: Revocation[] = [];
  for (const revocation of held) {
    const key = subjects.has(revocation.subject) ? revocationKey(revocation) : "";
    const next = changes.has(key) ? changes.get(key) : revocation;
    changes.delete(key);
    if (next) revocations.push(next);
  }
  for (const revocation of changes.values()) if (revocation) revocations.push(revocation);
  return revocations;
}

function retiredAfter(held: readonly string[], { retired }: WatchTrustResponse): Pick<TrustState, "retired"> {
  const methods = retired ? retired.methods.slice(0, maximumRetiredMethods) : held;
  return methods.length > 0 ? { retired: methods } : {};
}

// Every update has all of them. Nearly every one has the same as before, and parsing the certificates costs the most.
function federatedAfter(held: readonly FederatedDomain[], update: WatchTrustResponse): Pick<TrustState, "federated"> {
  if (update.federated.length === 0) return {};
  const given = update.federated.map(federatedFromWire);
  return { federated: sameFederated(held, given) ? held : readFederated(given, update.trustDomain) };
}

// An unsound update would fail every handshake and every call: the present trust is better.
function checkUpdate(update: WatchTrustResponse, held: TrustState | undefined): void {
  const { trustDomain, issuer, caCertificates, staleAfterSeconds } = update;
  if (!isTrustDomain(trustDomain))
    throw new Error(`The trust update is for "${trustDomain}", which is no trust domain.`);
  if (issuer === "") throw new Error("The trust update names no issuer.");
  if (staleAfterSeconds === 0) throw new Error("The trust update has no bound for staleness.");
  if (caCertificates.length === 0) throw new Error("The trust update has no CA certificate.");
  // Nearly every update has the same certificates as the one before, and parsing them costs the most.
  for (const der of caCertificates) if (!isHeld(der, held)) parseCertificate(der);
}

function isHeld(der: Uint8Array, held: TrustState | undefined): boolean {
  return held?.caCertificates.some((known) => Buffer.compare(known, der) === 0) ?? false;
}

function readJwks(text: string): JSONWebKeySet {
  const jwks: Partial<JSONWebKeySet> | null = JSON.parse(text);
  if (!Array.isArray(jwks?.keys)) throw new Error("The trust update has no token keys.");
  // Every call looks up its key among them.
  if (!jwks.keys.every((key: unknown) => typeof key === "object" && key !== null && "kid" in key)) {
    throw new Error("The trust update has a token key without a name.");
  }
  return { keys: jwks.keys };
}

function fromWire({ subject, revokedAt, reason }: WireRevocation): Revocation[] {
  const known = subjectFromWire(subject);
  return known ? [{ ...known, revokedAt: revokedAt?.getTime() ?? 0, reason }] : [];
}
