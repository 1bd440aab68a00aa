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

/** The input for a join token. */
export interface JoinTokenOptions {
  readonly store: Store;
  readonly trustDomain: string;
  /** SHA-256 over the root certificate's DER. */
  readonly caDigest: Uint8Array;
  /** The name that may join with it; or an identity pattern, for example `worker/*`. */
  readonly name: string;
  /** How many times it can be used, at most 10,000. Default: 1. */
  readonly uses?: number | undefined;
  /** How long it is valid, in milliseconds, at most 7 days. Default: 15 minutes. */
  readonly ttlMs?: number | undefined;
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
  /** The SPIFFE ID of the creator. */
  readonly by: string;
}

/** A created join token. */
export interface CreatedJoinToken {
  /** The token itself; it is not stored. */
  readonly joinToken: string;
  /** Its id in lists; not secret. */
  readonly id: string;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Set when a bot has the name: the end of its certificate. A join with the token supersedes that bot. */
  readonly inUseUntil?: number;
}

/**
 * Creates a join token and stores only a hash of its secret. Rejects with `INVALID_ARGUMENT` for a malformed or
 * reserved name, for a pattern that matches names of every kind, for several uses of one name, and for a lifetime or a count
 * out of range; with `IDENTITY_REVOKED` for a revoked name.
 */
export async function createJoinToken(options: JoinTokenOptions): Promise<CreatedJoinToken> {
  const { store, trustDomain, caDigest, name, uses = 1, ttlMs = defaultTtlMs, now, by } = options;
  checkName(name);
  if (!(Number.isInteger(uses) && uses >= 1 && uses <= maximumUses)) {
    throw invalid(`A join token is valid for 1 to ${maximumUses} uses.`);
  }
  if (uses > 1 && isBotName(name)) throw invalid(severalOfOne(name, uses));
  if (!(ttlMs > 0 && ttlMs <= maximumTtlMs))
    throw invalid("A join token is valid for at most 7 days: choose a shorter lifetime.");
  if (isBotName(name)) await refuseRevoked(store, spiffeId(trustDomain, name));
  const secret = randomBytes(32);
  const expiresAt = now + Math.floor(ttlMs);
  const id = randomBytes(6).toString("hex");
  await store.transaction(async ({ joinTokens, auditLog }) => {
    await joinTokens.add({ secretHash: hashSecret(secret), id, name, createdAt: now, expiresAt, uses });
    const details = { id, uses, expiresAt };
    await auditLog.append({ at: now, kind: "invite", actor: by, subject: name, details });
  });
  const joinToken = formatJoinToken({ trustDomain, name, caDigest, secret });
  const bot = isBotName(name) ? await store.bots.find(name) : undefined;
  const inUse = bot && bot.retiredAt === null && bot.certificateExpiresAt > now;
  return { joinToken, id, expiresAt, ...(inUse && { inUseUntil: bot.certificateExpiresAt }) };
}

/** Two processes that join under one name would supersede each other. */
function severalOfOne(name: string, uses: number): string {
  const pattern = name.includes("/") ? name.replace(/[^/]+$/, "*") : `${name}/*`;
  return `"${name}" is one bot, and each join under its name supersedes the one before. For ${uses} bots invite a pattern, such as "${pattern}".`;
}

function checkName(name: string): void {
  if (!isIdentityPattern(name) || !isIssuable(name)) {
    throw invalid(
      `"${name.slice(0, 255)}" is not a bot name: use lower-case letters, digits, ".", "-" and "_", joined by "/".`,
    );
  }
  if (name.startsWith("*"))
    throw invalid(`"${name}" could match any bot: start the pattern with a name, for example worker/*.`);
  if (isReservedName(name)) throw invalid(`"${name}" is reserved for Interlock itself: choose a name outside it.`);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
