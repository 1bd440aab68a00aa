import { createHash } from "node:crypto";
import { isIdentityPattern, isTrustDomain } from "@interlock/policy";

/** The contents of a join token: a secret, the name that it is for, and the CA to expect. */
export interface JoinToken {
  /** The trust domain of the fleet. */
  readonly trustDomain: string;
  /** A bot's name, or an identity pattern, for example `worker/*`, within which the bot chooses its name. */
  readonly name: string;
  /** The SHA-256 of the root certificate's DER, 32 bytes. */
  readonly caDigest: Uint8Array;
  /** The secret, 32 random bytes. */
  readonly secret: Uint8Array;
}

const prefix = "ILK1-";
const checksumLength = 4;

/** Writes a join token as one line to paste: `ILK1-` and base64url. */
export function formatJoinToken({ trustDomain, name, caDigest, secret }: JoinToken): string {
  if (caDigest.length !== 32 || secret.length !== 32) throw new TypeError("a digest and a secret are 32 bytes each");
  const body = Buffer.concat([caDigest, secret, Buffer.from(`${trustDomain}/${name}`)]);
  return prefix + Buffer.concat([checksum(body), body]).toString("base64url");
}

/**
 * Reads a join token without using it.
 *
 * @param text - The line that `interlock invite` printed, from `ILK1-` on.
 * @returns The contents; `undefined` when the text is no join token, or only a part of one.
 *
 * @example
 * ```ts
 * const name = parseJoinToken(process.env.INTERLOCK_JOIN_TOKEN ?? "")?.name;
 * ```
 */
export function parseJoinToken(text: string): JoinToken | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix) || trimmed.length > 2048) return undefined;
  const encoded = trimmed.slice(prefix.length);
  const bytes = Buffer.from(encoded, "base64url");
  const body = bytes.subarray(checksumLength);
  if (bytes.toString("base64url") !== encoded || body.length < 65) return undefined;
  if (!checksum(body).equals(bytes.subarray(0, checksumLength))) return undefined;
  const id = body.subarray(64).toString();
  const slash = id.indexOf("/");
  const trustDomain = id.slice(0, slash);
  const name = id.slice(slash + 1);
  if (slash < 0 || !isTrustDomain(trustDomain) || !isIdentityPattern(name)) return undefined;
  return {
    trustDomain,
    name,
    caDigest: Uint8Array.from(body.subarray(0, 32)),
    secret: Uint8Array.from(body.subarray(32, 64)),
  };
}

/** The SHA-256 of a certificate's DER, by which a join token pins a CA. */
export function caDigest(der: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(der).digest());
}

// Recognizes a token that was pasted only in part. No security depends on it.
function checksum(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, checksumLength);
}
