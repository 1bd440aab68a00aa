import { randomBytes } from "node:crypto";
import { InterlockError } from "@interlock/bot";
import { formatJoinToken } from "@interlock/bot/internal";
import { isBotName, isIdentityPattern, spiffeId } from "@interlock/policy";
import { isIssuable, isReservedName } from "../names.js";
import { refuseRevoked } from "../revocations/refuse-revoked.js";
import type { Store } from "../store/store.js";
import { hashSecret } from "./hash-secret.js";

const defaultTtlMs = 15 * 60_000;
const maximumTtlMs = 7 * 24 * 3_600_000;
const maximumUses = 10_000;

/** What a join token is made for. */
export interface JoinTokenOptions {
  readonly store: Store;
  readonly trustDomain: string;
  /** SHA-256 over the root certificate's DER. */
  readonly caDigest: Uint8Array;
  /** The one name that may join with it; or an identity pattern, for example `worker/*`. */
  readonly name: string;
  /** How many times it can be used: once unless said, 10,000 at most. */
  readonly uses?: number | undefined;
  /** Milliseconds until it runs out: 15 minutes unless said, 7 days at most. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Who makes it, a SPIFFE ID. */
  readonly by: string;
}

/** A join token that was made. */
export interface CreatedJoinToken {
  /** The line to paste; it is nowhere else. */
  readonly joinToken: string;
  /** What it is called in lists; no secret. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Makes a token with which a bot can join. Only a hash of its secret is kept. Rejects with `INVALID_ARGUMENT` for a name
 * that is none, or reserved, for a pattern that could match anybody, and for a lifetime or a count that is too long; with `IDENTITY_REVOKED` for a name that is
 * shut out.
 */
export async function createJoinToken(options: JoinTokenOptions): Promise<CreatedJoinToken> {
  const { store, trustDomain, caDigest, name, uses = 1, ttlMs = defaultTtlMs, now, by } = options;
  checkName(name);
  if (!(Number.isInteger(uses) && uses >= 1 && uses <= maximumUses)) {
    throw invalid(`A join token is for 1 to ${maximumUses} uses.`);
  }
  if (!(ttlMs > 0 && ttlMs <= maximumTtlMs)) throw invalid("A join token lives for at most 7 days: ask for less.");
  if (isBotName(name)) await refuseRevoked(store, spiffeId(trustDomain, name));
  const secret = randomBytes(32);
  const expiresAt = now + Math.floor(ttlMs);
  const id = randomBytes(6).toString("hex");
  await store.transaction(async ({ joinTokens, auditLog }) => {
    await joinTokens.add({ secretHash: hashSecret(secret), id, name, createdAt: now, expiresAt, uses });
    const details = { id, uses, expiresAt };
    await auditLog.append({ at: now, kind: "invite", actor: by, subject: name, details });
  });
  return { joinToken: formatJoinToken({ trustDomain, name, caDigest, secret }), id, expiresAt };
}

function checkName(name: string): void {
  if (!isIdentityPattern(name) || !isIssuable(name)) {
    throw invalid(
      `"${name.slice(0, 255)}" is no bot name: use lower-case letters, digits, ".", "-" and "_", joined by "/".`,
    );
  }
  if (name.startsWith("*")) throw invalid(`"${name}" could be anybody: start the pattern with a name, as in worker/*.`);
  if (isReservedName(name)) throw invalid(`"${name}" is reserved for Interlock itself: choose a name outside it.`);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
