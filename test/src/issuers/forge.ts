import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKeyInput,
  type KeyObject,
  sign,
} from "node:crypto";

type Json = Record<string, unknown>;

/** The header and the claims of a token, not verified. */
export function unsafeRead(token: string): { readonly header: Json; readonly claims: Json } {
  const [header = "", claims = ""] = token.split(".");
  return { header: parse(header), claims: parse(claims) };
}

/** What is changed in a forged token. */
export interface Forgery {
  readonly header?: Json;
  readonly claims?: Json;
  /** Signs what stands before the last dot. Default: the signature of the good token. */
  readonly signature?: (input: string) => string | Uint8Array;
}

/** Makes a token of a good one, with other contents or with another signature. */
export function forge(token: string, { header = {}, claims = {}, signature }: Forgery): string {
  const good = unsafeRead(token);
  const input = `${write({ ...good.header, ...header })}.${write({ ...good.claims, ...claims })}`;
  const signed = signature ? signature(input) : Buffer.from(token.split(".")[2] ?? "", "base64url");
  return `${input}.${Buffer.from(signed).toString("base64url")}`;
}

/** Signs as the issuer does, with a key of one's own. */
export function withOwnKey(algorithm: unknown): (input: string) => Uint8Array {
  const { privateKey } =
    algorithm === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return (input) => sign("sha256", Buffer.from(input), { key: privateKey as KeyObject, dsaEncoding: "ieee-p1363" });
}

/** Signs with HS256, keyed with a public key as it is written in PEM (RFC 8725, section 2.1). */
export function withPublicKeyAsSecret(jwk: object): (input: string) => Uint8Array {
  const secret = createPublicKey({ key: jwk, format: "jwk" } as JsonWebKeyInput).export({
    type: "spki",
    format: "pem",
  });
  return (input) => createHmac("sha256", secret).update(input).digest();
}

const write = (value: Json) => Buffer.from(JSON.stringify(value)).toString("base64url");
const parse = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Json;
