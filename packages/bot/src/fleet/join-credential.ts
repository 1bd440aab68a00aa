import { matchesIdentity } from "@interlock/policy";
import { denial } from "../base/error.js";
import type { JoinRequest } from "../gen/interlock/authority/v1/enrollment_service.js";
import { parseJoinToken } from "../identity/join-token.js";

/** What admits a new bot to a fleet, and the CA that it expects there. */
export interface JoinCredential {
  readonly trustDomain: string;
  /** The SHA-256 of each CA certificate to expect, DER: one of them is the authority's. */
  readonly caDigests: readonly Uint8Array[];
  /** The field of the request that holds the credential. */
  readonly field: Pick<JoinRequest, "joinToken"> | Pick<JoinRequest, "workloadToken">;
}

/** The credential of a bot with a join token. Throws `JOIN_TOKEN_…` when it is not complete, or for another name. */
export function joinTokenCredential(joinToken: string, name: string): JoinCredential {
  const token = parseJoinToken(joinToken);
  if (!token) throw denial("JOIN_TOKEN_INVALID", "it is not complete; paste the whole line, from ILK1- on");
  if (!matchesIdentity(token.name, name)) {
    throw denial("JOIN_TOKEN_NAME_MISMATCH", `it is for ${token.name}, and this is ${name}`);
  }
  return { trustDomain: token.trustDomain, caDigests: [token.caDigest], field: { joinToken } };
}
