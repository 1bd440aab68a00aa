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

/** What enrollment works with. */
export interface EnrollmentBasis {
  readonly store: Store;
  readonly ca: Pick<CertificateAuthority, "issueLeaf" | "pinned">;
  readonly trustDomain: string;
}

/** An issued certificate. */
export interface IssuedCertificate {
  /** DER, the leaf first, then intermediates. */
  readonly chain: readonly Uint8Array[];
  readonly leaf: Certificate;
  /** The name of the bot. */
  readonly name: string;
  /** Increases with every renewal and every join. */
  readonly generation: number;
}

/** The request of a peer without an identity. */
export interface JoinAttempt {
  readonly joinToken: string;
  readonly csr: Uint8Array;
  /** The name that it chooses. Default: the token's own. */
  readonly name?: string;
}

/**
 * Issues a bot's first certificate for a join token. A use is counted in the same transaction as the record of the bot,
 * so a refused request does not use the token. A token for a pattern never gives a name that a bot has.
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

/**
 * Refuses a name of a current or a retired bot. An invitation for a pattern does not name such a bot, so it does not
 * mean it.
 */
async function refuseTaken({ bots }: Records, name: string, now: number): Promise<void> {
  const bot = await bots.find(name);
  if (!bot || (bot.retiredAt === null && bot.certificateExpiresAt <= now)) return;
  throw denial(
    "JOIN_TOKEN_NAME_MISMATCH",
    `the name "${name}" is in use: choose another, or run "interlock invite ${name}"`,
  );
}

function checkToken(row: JoinTokenRow | undefined, token: JoinToken, now: number): void {
  const remedy = `get a new one with "interlock invite ${token.name}"`;
  if (!row) throw denial("JOIN_TOKEN_INVALID", remedy);
  if (row.used >= row.uses) throw denial("JOIN_TOKEN_USED", remedy);
  if (now >= row.expiresAt) throw denial("JOIN_TOKEN_EXPIRED", remedy);
  if (row.name !== token.name) throw denial("JOIN_TOKEN_NAME_MISMATCH", "use it with the name that it was created for");
}
