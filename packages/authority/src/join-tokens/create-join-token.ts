import { randomBytes } from "node:crypto";
import { formatJoinToken, InterlockError } from "@interlock/bot";
import { isBotName, spiffeId } from "@interlock/policy";
import { isReservedName } from "../names.js";
import { refuseLocked } from "../revocations/refuse-locked.js";
import type { Store } from "../store/store.js";
import { hashSecret } from "./hash-secret.js";

const defaultTtlMs = 15 * 60_000;
const maximumTtlMs = 7 * 24 * 3_600_000;

/** What a join token is made for. */
export interface JoinTokenOptions {
  readonly store: Store;
  readonly trustDomain: string;
  /** SHA-256 over the root certificate's DER. */
  readonly caDigest: Uint8Array;
  /** The one name that may join with it. */
  readonly name: string;
  /** Milliseconds until it runs out: 15 minutes unless said, 7 days at most. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A join token that was made. */
export interface CreatedJoinToken {
  /** The line to paste; it is nowhere else. */
  readonly joinToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Makes a token with which one bot can join once. Only a hash of its secret is kept. Rejects with `INVALID_ARGUMENT`
 * for a name that is none, or reserved, and for a lifetime that is too long; with `IDENTITY_REVOKED` for a name that is
 * shut out.
 */
export async function createJoinToken(options: JoinTokenOptions): Promise<CreatedJoinToken> {
  const { store, trustDomain, caDigest, name, ttlMs = defaultTtlMs, now } = options;
  // A SPIFFE ID has room for 2,048 bytes, and a name has to be readable.
  if (!isBotName(name) || name.length > 255) {
    throw invalid(`"${name.slice(0, 255)}" is no bot name: use letters, digits, ".", "-" and "_", joined by "/".`);
  }
  if (isReservedName(name)) throw invalid(`"${name}" is reserved for Interlock itself: choose a name outside it.`);
  if (!(ttlMs > 0 && ttlMs <= maximumTtlMs)) throw invalid("A join token lives for at most 7 days: ask for less.");
  await refuseLocked(store, spiffeId(trustDomain, name));
  const secret = randomBytes(32);
  const expiresAt = now + Math.floor(ttlMs);
  await store.joinTokens.add({ secretHash: hashSecret(secret), name, createdAt: now, expiresAt });
  return { joinToken: formatJoinToken({ trustDomain, name, caDigest, secret }), expiresAt };
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
