import { createHash } from "node:crypto";
import { type Certificate, type JoinToken, parseJoinToken } from "@interlock/bot";
import { denial, parseCertificate } from "@interlock/bot/internal";
import { isBotName, matchesIdentity, spiffeId } from "@interlock/policy";
import type { CertificateAuthority } from "../ca/certificate-authority.js";
import { checkCsr } from "../ca/check-csr.js";
import { hashSecret } from "../join-tokens/hash-secret.js";
import { brokenRule, isIssuable } from "../names.js";
import { refuseRevoked } from "../revocations/refuse-revoked.js";
import type { JoinTokenRow, JoinUseRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { recordJoin } from "./record-join.js";
import { refuseRetired } from "./retire.js";

/** What enrollment works with. */
export interface EnrollmentBasis {
  readonly store: Store;
  readonly ca: Pick<CertificateAuthority, "issueLeaf" | "pinned">;
  readonly trustDomain: string;
  /** How long after its end a certificate can still be exchanged, in milliseconds; 0 for never. */
  readonly renewAfterExpiryMs: number;
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
 * so a refused request does not use the token. A token for a pattern never gives a name that a bot has,
 * not even that of one that is off and may still come back.
 *
 * The key that has used a token may come again with it, because the answer may have been lost: it gets another certificate of the
 * same generation, until one of them has been used.
 *
 * Rejects with one of `JOIN_TOKEN_…`, `CSR_REJECTED`, `BOT_RETIRED`, or `IDENTITY_REVOKED`.
 */
export async function join(
  { store, ca, trustDomain, renewAfterExpiryMs }: EnrollmentBasis,
  request: JoinAttempt,
  now: number,
): Promise<IssuedCertificate> {
  const token = parseJoinToken(request.joinToken);
  if (token?.trustDomain !== trustDomain) throw denial("JOIN_TOKEN_INVALID", "ask an operator for a new one");
  const secretHash = hashSecret(token.secret);
  const row = await store.joinTokens.find(secretHash);
  // The name in a token's text proves nothing: its holder can write another one there.
  if (row && row.name !== token.name) throw denial("JOIN_TOKEN_NAME_MISMATCH", "use the token as it was printed");
  // Nothing is signed for a token that is of no use, unless the key that has used it comes again.
  const use = await findUse(store, row, request.name || token.name);
  if (!use) checkToken(row, token, now);

  const id = spiffeId(trustDomain, chosenName(token, request.name || token.name));
  const { uri, name } = id;
  const key = await checkCsr(request.csr, uri);
  const keyDigest = createHash("sha256").update(key).digest("base64url");
  if (use?.keyDigest !== keyDigest) checkToken(row, token, now);
  const { chain, root } = await ca.issueLeaf(uri, key, now);
  const leaf = parseCertificate(chain[0] as Uint8Array);
  const generation = await store.transaction(async (records) => {
    await refuseRevoked(records, id);
    const again = await findRepeatable(records, { secretHash, name, keyDigest }, now);
    if (!again) {
      if (token.name !== name) await refuseTaken(records, name, now - renewAfterExpiryMs);
      const mine = await records.joinTokens.use(secretHash, now);
      if (!mine) checkToken(await records.joinTokens.find(secretHash), token, now);
      await records.workloads.superseded(name, now);
    }
    const by = { joinToken: row?.id };
    const generation = await recordJoin(records, id, { leaf, root, by, again: again?.generation }, now);
    await records.joinTokens.addUse({ secretHash, name, keyDigest, generation });
    return generation;
  });
  return { chain, leaf, name, generation };
}

/** Finds the last use of a join token under a name; the store is not asked for a text that is no name. */
async function findUse(
  { joinTokens }: Pick<Records, "joinTokens">,
  row: JoinTokenRow | undefined,
  name: string,
): Promise<JoinUseRow | undefined> {
  return row && isBotName(name) && isIssuable(name) ? joinTokens.findUse(row.secretHash, name) : undefined;
}

/** Finds an earlier use of a join token by the same key, if that use may be repeated. Throws `BOT_RETIRED`. */
async function findRepeatable(
  records: Records,
  { secretHash, name, keyDigest }: Omit<JoinUseRow, "generation">,
  now: number,
): Promise<JoinUseRow | undefined> {
  const use = await records.joinTokens.findUse(secretHash, name);
  const token = await records.joinTokens.find(secretHash);
  if (use?.keyDigest !== keyDigest || !token || now >= token.expiresAt) return undefined;
  const lineage = await records.certificates.lineage(name);
  // It has joined anew since, or a certificate has arrived and is in use.
  if (lineage?.firstGeneration !== use.generation || lineage.seenGeneration >= use.generation) return undefined;
  // An operator has seen the join, and ended it.
  const serial = (await records.bots.find(name))?.certificateSerial ?? "";
  if (await records.revocations.find("certificate", serial)) return undefined;
  await refuseRetired(records, name);
  return use;
}

function chosenName(token: JoinToken, name: string): string {
  const broken = brokenRule(name);
  if (broken !== undefined) throw denial("JOIN_TOKEN_NAME_MISMATCH", broken);
  if (matchesIdentity(token.name, name)) return name;
  throw denial("JOIN_TOKEN_NAME_MISMATCH", `choose a name that matches ${token.name}`);
}

/**
 * Refuses a name of a retired bot, and of one whose certificate did not end before `goneAt`. An invitation for a pattern does not
 * name such a bot, so it does not mean it.
 */
async function refuseTaken({ bots }: Records, name: string, goneAt: number): Promise<void> {
  const bot = await bots.find(name);
  if (!bot || (bot.retiredAt === null && bot.certificateExpiresAt <= goneAt)) return;
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
}
