import { createHash } from "node:crypto";
import { isIdentityPattern, isTrustDomain } from "@interlock/policy";

/** What a join token holds: a secret, whom it is for, and the CA to expect. */
export interface JoinToken {
  readonly trustDomain: string;
  /** A bot's name; or an identity pattern, for example `worker/*`, within which the bot chooses its name. */
  readonly name: string;
  /** SHA-256 over the DER of the root certificate, 32 bytes. */
  readonly caDigest: Uint8Array;
  /** 32 random bytes. */
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

/** Reads a join token; `undefined` when it is none, or is incomplete (it ends in nothing that can be guessed). */
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

/** SHA-256 over a certificate's DER: what a join token pins. */
export function caDigest(der: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(der).digest());
}

// Tells a token that was pasted only in part from one that is wrong; no security rests on it.
function checksum(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, checksumLength);
}
