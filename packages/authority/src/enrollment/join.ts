import { type Certificate, type JoinToken, parseJoinToken } from "@interlock/bot";
import { denial, parseCertificate } from "@interlock/bot/internal";
import { isBotName, matchesIdentity, spiffeId } from "@interlock/policy";
import type { CertificateAuthority } from "../ca/certificate-authority.js";
import { checkCsr } from "../ca/check-csr.js";
import { hashSecret } from "../join-tokens/hash-secret.js";
import { isIssuable, isReservedName } from "../names.js";
import { refuseRevoked } from "../revocations/refuse-revoked.js";
import type { JoinTokenRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { beginLineage } from "./lineage.js";

/** What bots are taken in with. */
export interface EnrollmentBasis {
  readonly store: Store;
  readonly ca: Pick<CertificateAuthority, "issueLeaf" | "pinned">;
  readonly trustDomain: string;
}

/** A certificate that was issued. */
export interface IssuedCertificate {
  /** DER, the leaf first, then intermediates. */
  readonly chain: readonly Uint8Array[];
  readonly leaf: Certificate;
  /** Whom it is for. */
  readonly name: string;
  /** Counts up with every renewal, and every join. */
  readonly generation: number;
}

/** What a stranger sends. */
export interface JoinAttempt {
  readonly joinToken: string;
  readonly csr: Uint8Array;
  /** The name it chooses; the token's own unless said. */
  readonly name?: string;
}

/**
 * Gives a bot its first certificate for a join token. A use is counted only together with the record of the bot: a
 * request that is refused leaves the token as it was. A token for a pattern gives no name that somebody holds.
 *
 * Rejects with one of `JOIN_TOKEN_…`, `CSR_REJECTED`, or `IDENTITY_REVOKED`.
 */
export async function join(
  { store, ca, trustDomain }: EnrollmentBasis,
  request: JoinAttempt,
  now: number,
): Promise<IssuedCertificate> {
  const token = parseJoinToken(request.joinToken);
  if (token?.trustDomain !== trustDomain) throw denial("JOIN_TOKEN_INVALID", "ask an operator for a new one");
  const secretHash = hashSecret(token.secret);
  const row = await store.joinTokens.find(secretHash);
  checkToken(row, token, now);

  const id = spiffeId(trustDomain, chosenName(token, request.name || token.name));
  const { uri, name } = id;
  const key = await checkCsr(request.csr, uri);
  const { chain, root } = await ca.issueLeaf(uri, key, now);
  const leaf = parseCertificate(chain[0] as Uint8Array);
  const generation = await store.transaction(async (records) => {
    await refuseRevoked(records, id);
    if (token.name !== name) await refuseTaken(records, name, now);
    const mine = await records.joinTokens.use(secretHash, now);
    if (!mine) checkToken(await records.joinTokens.find(secretHash), token, now);
    await records.bots.joined({
      name,
      joinedAt: now,
      certificateSerial: leaf.serial,
      certificateExpiresAt: leaf.notAfter,
    });
    const generation = await beginLineage(records, name, { ...leaf, root }, now);
    const details = { serial: leaf.serial, generation, joinToken: row?.id };
    await records.auditLog.append({ at: now, kind: "join", actor: uri, subject: uri, details });
    return generation;
  });
  return { chain, leaf, name, generation };
}

function chosenName(token: JoinToken, name: string): string {
  const issuable = isBotName(name) && isIssuable(name) && !isReservedName(name);
  if (issuable && matchesIdentity(token.name, name)) return name;
  throw denial("JOIN_TOKEN_NAME_MISMATCH", `choose a name that matches ${token.name}`);
}

/** Whoever invites to a pattern names nobody, so he does not mean a bot that is there, nor one that was sent away. */
async function refuseTaken({ bots }: Records, name: string, now: number): Promise<void> {
  const bot = await bots.find(name);
  if (!bot || (bot.retiredAt === null && bot.certificateExpiresAt <= now)) return;
  throw denial("JOIN_TOKEN_NAME_MISMATCH", `"${name}" is taken: choose another, or "interlock invite ${name}"`);
}

function checkToken(row: JoinTokenRow | undefined, token: JoinToken, now: number): void {
  const remedy = `get a new one with "interlock invite ${token.name}"`;
  if (!row) throw denial("JOIN_TOKEN_INVALID", remedy);
  if (row.used >= row.uses) throw denial("JOIN_TOKEN_USED", remedy);
  if (now >= row.expiresAt) throw denial("JOIN_TOKEN_EXPIRED", remedy);
  if (row.name !== token.name) throw denial("JOIN_TOKEN_NAME_MISMATCH", "use it under the name it was made for");
}
