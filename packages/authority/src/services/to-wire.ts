import { subjectToWire } from "@interlock/bot/internal";
import {
  type Approval,
  type Bot,
  BundleProfile,
  type CaAuthority,
  type Delegation,
  type Federation,
  type Revocation,
  type WatchTrustResponse,
} from "@interlock/bot/protocol";
import { type Init, spiffeId } from "@interlock/policy";
import { approvalState } from "../approvals/approval-state.js";
import { caId } from "../ca/ca-keys.js";
import type { CaStatus } from "../ca/ca-status.js";
import { derOf } from "../ca/certificate-authority.js";
import { parseAllowed } from "../delegations/allowed.js";
import { lineageOf } from "../delegations/held-delegation.js";
import type { ListedBot } from "../store/bots.js";
import type { ApprovalRow, BotRow, DelegationRow, FederationRow, RevocationRow } from "../store/schema.js";
import { casOf } from "../trust-hub/federated-of.js";
import type { TrustUpdate } from "../trust-hub/trust-update.js";

/** Converts a trust update to its form on the wire, sent `now`. */
export function trustToWire(
  { appliesTo, state, unrevoked, retiredChanged }: TrustUpdate,
  now: number,
): Init<WatchTrustResponse> {
  return {
    sentAt: new Date(now),
    appliesTo,
    resultsIn: state.version,
    trustDomain: state.trustDomain,
    issuer: state.issuer,
    formerIssuers: state.formerIssuers ?? [],
    caCertificates: state.caCertificates,
    jwks: JSON.stringify(state.jwks),
    revocations: state.revocations.map(revocationToWire),
    staleAfterSeconds: Math.ceil(state.staleAfterMs / 1_000),
    unrevoked: unrevoked.map(revocationToWire),
    activeCa: state.activeCa ?? "",
    ...(retiredChanged && { retired: { methods: state.retired ?? [] } }),
    federated: (state.federated ?? []).map(({ since, ...domain }) => ({ ...domain, since: new Date(since) })),
    cutOffs: (state.cutOffs ?? []).map((cutOff) => ({ ...cutOff, grantsVersion: BigInt(cutOff.grantsVersion) })),
  };
}

/** Converts the record of a bot to its form on the wire. */
export function botToWire(bot: BotRow & Partial<ListedBot>, trustDomain: string): Init<Bot> {
  return {
    spiffeId: spiffeId(trustDomain, bot.name).uri,
    joinedAt: new Date(bot.joinedAt),
    certificateExpiresAt: new Date(bot.certificateExpiresAt),
    certificateSerial: bot.certificateSerial,
    ...(bot.retiredAt !== null && { retiredAt: new Date(bot.retiredAt) }),
    ...(typeof bot.certificateIssuedAt === "number" && { certificateIssuedAt: new Date(bot.certificateIssuedAt) }),
  };
}

/** Converts the state of a root to its form on the wire. */
export function caToWire(status: CaStatus): Init<CaAuthority> {
  const { root, state, rootKeyAtHand, intermediate, validLeaves, warnings } = status;
  return {
    id: caId(root.digest),
    state,
    certificate: derOf(root),
    notAfter: new Date(root.notAfter),
    ...(root.activatedAt !== null && { activatedAt: new Date(root.activatedAt) }),
    publishedAt: new Date(root.createdAt),
    rootKey: rootKeyAtHand ? root.keyName : "",
    ...(intermediate && { intermediateNotAfter: new Date(intermediate.notAfter) }),
    validLeaves: BigInt(validLeaves),
    warnings,
  };
}

/** Converts a delegation to its form on the wire. `isRevoked` tells of each id of its lineage. */
export function delegationToWire(
  row: DelegationRow,
  trustDomain: string,
  isRevoked: (id: string) => boolean,
): Init<Delegation> {
  const [, parent = ""] = lineageOf(row);
  const uriOf = (name: string) => spiffeId(trustDomain, name).uri;
  return {
    id: row.id,
    parent,
    subject: uriOf(row.subject),
    from: uriOf(row.giver),
    to: uriOf(row.holder),
    allowed: parseAllowed(row.allowed).map(({ service, scopes, methods = [] }) => ({
      service,
      scopes: [...scopes],
      methods: [...methods],
    })),
    createdAt: new Date(row.createdAt),
    expiresAt: new Date(row.expiresAt),
    depth: lineageOf(row).length,
    revoked: lineageOf(row).some(isRevoked),
  };
}

/** Converts an approval to its form on the wire, with the request for an operator. */
export function approvalToWire(row: ApprovalRow, trustDomain: string, isForOperator: boolean): Init<Approval> {
  const { id, delegation, method, requestSha256, decidedBy } = row;
  return {
    id,
    requester: spiffeId(trustDomain, row.requester).uri,
    subject: spiffeId(trustDomain, row.subject).uri,
    delegation,
    method,
    requestSha256,
    ...(isForOperator && { request: Uint8Array.from(Buffer.from(row.request, "base64")) }),
    createdAt: new Date(row.createdAt),
    expiresAt: new Date(row.expiresAt),
    state: approvalState(row),
    decidedBy,
  };
}

/** Converts a revocation to its form on the wire. */
export function revocationToWire(
  revocation: Omit<RevocationRow, "trustVersion" | "unrevokedAt" | "expiresAt">,
): Init<Revocation> {
  const { revokedAt, reason } = revocation;
  return { subject: subjectToWire(revocation), revokedAt: new Date(revokedAt), reason };
}

/** Converts the relation to another trust domain to its form on the wire. */
export function federationToWire(row: FederationRow): Init<Federation> {
  const { trustDomain, endpointUrl: url, endpointProfile, endpointId, sequence, refreshHintSeconds: hint } = row;
  const profile =
    endpointProfile === "https_web"
      ? BundleProfile.BUNDLE_PROFILE_HTTPS_WEB
      : BundleProfile.BUNDLE_PROFILE_HTTPS_SPIFFE;
  return {
    trustDomain,
    ...(url !== "" && { endpoint: { url, profile, spiffeId: endpointId } }),
    services: JSON.parse(row.services),
    identities: JSON.parse(row.identities),
    addedAt: new Date(row.since),
    addedBy: row.addedBy,
    caCertificates: casOf(row),
    ...(sequence !== null && { sequence: BigInt(sequence) }),
    ...(hint !== null && { refreshHintSeconds: hint }),
    fetchedAt: new Date(row.fetchedAt),
    ...(row.failedAt !== null && { failedAt: new Date(row.failedAt) }),
    failure: row.failure,
    ...(row.revokedAt !== null && { revokedAt: new Date(row.revokedAt) }),
    revokedBy: row.revokedBy,
  };
}
