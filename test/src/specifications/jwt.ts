import { randomUUID, sign } from "node:crypto";
import { ecKey } from "@interlock/bot/testing";

/** The key that signs the tokens of the table. */
export const tokenKey = ecKey();

/** The parts of a token: JSON, so that anything can be written there. */
export interface TokenParts {
  readonly header: string;
  readonly payload: string | Uint8Array;
}

/** Signs a token with ES256, whatever it says. */
export function signed({ header, payload }: TokenParts, key = tokenKey): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

export function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64url");
}

/** The header of a good token. */
export function headerWith(more: object = {}): string {
  return JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: "key-1", ...more });
}

/** The claims of a good token, to be bound to a certificate. */
export function claimsWith(thumbprint: string, more: object = {}): object {
  const now = Math.floor(Date.now() / 1_000);
  const bound = { cnf: { "x5t#S256": thumbprint } };
  const subject = { iss: "https://test", sub: "spiffe://test/caller/1", aud: "test.EchoService", scope: "echo:call" };
  return { ...subject, iat: now, exp: now + 120, jti: randomUUID(), ...bound, ...more };
}
