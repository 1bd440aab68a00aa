import { type Certificate, denial, type JoinToken, parseCertificate, parseJoinToken } from "@interlock/bot";
import { spiffeId } from "@interlock/policy";
import type { Ca } from "../ca/ca.js";
import { checkCsr } from "../ca/check-csr.js";
import { hashSecret } from "../join-tokens/hash-secret.js";
import { refuseLocked } from "../revocations/refuse-locked.js";
import type { JoinTokenRow } from "../store/schema.js";
import type { Store } from "../store/store.js";

/** What bots are taken in with. */
export interface EnrollmentBasis {
  readonly store: Store;
  readonly ca: Ca;
  readonly trustDomain: string;
}

/** A certificate that was issued. */
export interface IssuedCertificate {
  /** DER, the leaf first, then intermediates. */
  readonly chain: readonly Uint8Array[];
  readonly leaf: Certificate;
  /** Whom it is for. */
  readonly name: string;
}

/**
 * Gives a bot its first certificate for a join token. The token is used up only together with the record of the bot:
 * a request that is refused leaves it as it was.
 *
 * Rejects with one of `JOIN_TOKEN_…`, `CSR_REJECTED`, or `IDENTITY_REVOKED`.
 */
export async function join(
  { store, ca, trustDomain }: EnrollmentBasis,
  request: { readonly joinToken: string; readonly csr: Uint8Array },
  now: number,
): Promise<IssuedCertificate> {
  const token = parseJoinToken(request.joinToken);
  if (token?.trustDomain !== trustDomain) throw denial("JOIN_TOKEN_INVALID", "ask an operator for a new one");
  const secretHash = hashSecret(token.secret);
  checkToken(await store.joinTokens.find(secretHash), token, now);

  const id = spiffeId(trustDomain, token.name);
  const { uri, name } = id;
  const key = await checkCsr(request.csr, uri);
  const chain = await ca.issueLeaf(uri, key, now);
  const leaf = parseCertificate(chain[0] as Uint8Array);
  await store.transaction(async (records) => {
    await refuseLocked(records, id);
    const mine = await records.joinTokens.use(secretHash, now);
    if (!mine) checkToken(await records.joinTokens.find(secretHash), token, now);
    await records.bots.joined({
      name,
      joinedAt: now,
      certificateSerial: leaf.serial,
      certificateExpiresAt: leaf.notAfter,
    });
  });
  return { chain, leaf, name };
}

function checkToken(row: JoinTokenRow | undefined, token: JoinToken, now: number): void {
  const remedy = `get a new one with "interlock invite ${token.name}"`;
  if (!row) throw denial("JOIN_TOKEN_INVALID", remedy);
  if (row.usedAt !== null) throw denial("JOIN_TOKEN_USED", remedy);
  if (now >= row.expiresAt) throw denial("JOIN_TOKEN_EXPIRED", remedy);
  if (row.name !== token.name) throw denial("JOIN_TOKEN_NAME_MISMATCH", "use it under the name it was made for");
}
