import { createPublicKey, sign } from "node:crypto";
import { verifyToken } from "@interlock/bot/internal";
import { createTestFleet } from "@interlock/bot/testing";
import type { JWK } from "jose";
import { createGroup, refused, type Stage, seenOf, taken } from "./group.js";
import { claimsWith, encode, headerWith, signed, tokenKey } from "./jwt.js";

/** Makes a token, bound to the certificate with this thumbprint. */
type Make = (thumbprint: string) => string;

const withHeader = (more: object) => (): Make => (thumbprint) =>
  signed({ header: headerWith(more), payload: JSON.stringify(claimsWith(thumbprint)) });
const withClaims = (more: object | (() => object)) => (): Make => (thumbprint) => {
  const claims = typeof more === "function" ? more() : more;
  return signed({ header: headerWith(), payload: JSON.stringify(claimsWith(thumbprint, claims)) });
};
/** The payload as text, changed. */
const withPayload = (change: (payload: string) => string | Uint8Array) => (): Make => (thumbprint) =>
  signed({ header: headerWith(), payload: change(JSON.stringify(claimsWith(thumbprint))) });
/** A good token as text, changed. */
const changed = (change: (token: string) => string) => (): Make => (thumbprint) => change(withHeader({})()(thumbprint));
const signature = (make: (input: string, good: Buffer) => Uint8Array) =>
  changed((token) => {
    const [header, payload, good = ""] = token.split(".");
    const input = `${header}.${payload}`;
    return `${input}.${encode(make(input, Buffer.from(good, "base64url")))}`;
  });

const seconds = () => Math.floor(Date.now() / 1_000);
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n; // Of P-256 (SP 800-186, 3.2.1.3).
const wide = (number: bigint) => Buffer.from(number.toString(16).padStart(64, "0"), "hex");
const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Line 27: access tokens, each shown by the bot that it is good for but for one thing. */
export const tokens = createGroup<Make>(
  "tokens",
  [
    ...taken("RFC 9068, 4", {
      "at+jwt (the control)": withHeader({}),
      "application/at+jwt": withHeader({ typ: "application/at+jwt" }),
      "Application/AT+JWT (RFC 2045, 5.1)": withHeader({ typ: "Application/AT+JWT" }),
    }),
    ...refused("RFC 9068, 4", {
      JWT: withHeader({ typ: "JWT" }),
      "text/at+jwt": withHeader({ typ: "text/at+jwt" }),
      "at+jwt with a parameter": withHeader({ typ: "at+jwt; a=b" }),
      "no typ": withHeader({ typ: undefined }),
    }),
    ...refused("RFC 7515, 2; RFC 4648, 3.2", {
      "padding at the end": changed((token) => `${token}==`),
      "padding in the header": changed((token) => token.replace(".", "=.")),
      "white space before": changed((token) => ` ${token}`),
      "a line end after": changed((token) => `${token}\n`),
      "white space within": changed((token) => token.replace(".", ". ")),
      "the other alphabet": changed((token) => `${token}+/`),
      "a character of no alphabet": changed((token) => `${token}*`),
    }),
    ...refused("RFC 4648, 3.5", {
      "bits of no byte in the signature": changed(
        (token) => token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? "") | 1],
      ),
      "a character of no byte": changed((token) => `${token}AAA`),
    }),
    ...refused("RFC 7515, 3.1", {
      "two parts": changed((token) => token.split(".").slice(0, 2).join(".")),
      "four parts": changed((token) => `${token}.AA`),
      "no signature": changed((token) => token.replace(/[^.]+$/, "")),
    }),
    ...taken("RFC 7518, 3.4", {
      "the other root of the signature (n - s)": signature((_, good) =>
        Buffer.concat([good.subarray(0, 32), wide(order - number(good.subarray(32)))]),
      ),
    }),
    ...refused("RFC 7518, 3.4; FIPS 186-5, 6.4.2", {
      "a signature in DER": signature((input) => sign("sha256", Buffer.from(input), tokenKey)),
      "r of 0": signature((_, good) => Buffer.concat([wide(0n), good.subarray(32)])),
      "s of 0": signature((_, good) => Buffer.concat([good.subarray(0, 32), wide(0n)])),
      "r and s of 0": signature(() => Buffer.alloc(64)),
      "r of n": signature((_, good) => Buffer.concat([wide(order), good.subarray(32)])),
      "s of n": signature((_, good) => Buffer.concat([good.subarray(0, 32), wide(order)])),
      "r and s of 1": signature(() => Buffer.concat([wide(1n), wide(1n)])),
      "63 bytes": signature((_, good) => good.subarray(0, 63)),
      "65 bytes": signature((_, good) => Buffer.concat([good, Buffer.of(0)])),
      "one bit changed": signature((_, good) => good.with(9, (good[9] ?? 0) ^ 1)),
    }),
    ...refused("RFC 7515, 4.1.11; RFC 7797, 6", {
      "crit with a name that is not known": withHeader({ crit: ["x"], x: 1 }),
      "crit of none": withHeader({ crit: [] }),
      "b64 of false, critical": withHeader({ crit: ["b64"], b64: false }),
      "b64 of false": withHeader({ b64: false }),
    }),
    ...refused("RFC 8725, 3.1 and 3.10", {
      none: withHeader({ alg: "none" }),
      HS256: withHeader({ alg: "HS256" }),
      "es256, in lower case": withHeader({ alg: "es256" }),
      "a key of its own": withHeader({ jwk: createPublicKey(tokenKey).export({ format: "jwk" }) }),
      "another kid": withHeader({ kid: "key-2" }),
    }),
    ...taken("RFC 7519, 2 (NumericDate)", {
      "an exp with a fraction": withClaims(() => ({ exp: seconds() + 60.5 })),
      "an nbf of 0": withClaims({ nbf: 0 }),
      "a negative nbf": withClaims({ nbf: -1 }),
    }),
    ...refused("RFC 7519, 2 (NumericDate)", {
      "exp as text": withClaims(() => ({ exp: String(seconds() + 60) })),
      "exp of null": withClaims({ exp: null }),
      "exp of true": withClaims({ exp: true }),
      "a list of exp": withClaims(() => ({ exp: [seconds() + 60] })),
      "exp of 1e400": withPayload((payload) => payload.replace(/"exp":\d+/, '"exp":1e400')),
      "exp and iat of 1e400": withPayload((payload) => payload.replace(/"(exp|iat)":\d+/g, '"$1":1e400')),
      "exp of NaN": withPayload((payload) => payload.replace(/"exp":\d+/, '"exp":NaN')),
      "a negative exp": withClaims({ iat: -400, exp: -100 }),
      "iat as text": withClaims(() => ({ iat: String(seconds()) })),
      "nbf as text": withClaims({ nbf: "0" }),
      "nbf of 1e400": withPayload((payload) => payload.replace("{", '{"nbf":1e400,')),
    }),
    ...refused("RFC 7519, 4.1", {
      expired: withClaims(() => ({ iat: seconds() - 100, exp: seconds() - 1 })),
      "not valid yet": withClaims(() => ({ nbf: seconds() + 120 })),
      "a life of an hour": withClaims(() => ({ exp: seconds() + 3_600 })),
      "another issuer": withClaims({ iss: "https://test/" }),
      "no aud": withClaims({ aud: undefined }),
      "aud of a number": withClaims({ aud: 1 }),
      "a number among aud": withClaims({ aud: ["test.EchoService", 1] }),
      "a list in aud": withClaims({ aud: [["test.EchoService"]] }),
      "jti of a number": withClaims({ jti: 1 }),
      "sub of another bot": withClaims({ sub: "spiffe://test/caller/2" }),
      "sub with an escape": withClaims({ sub: "spiffe://test/caller/%31" }),
    }),
    ...taken("RFC 7519, 4.1.3", { "several aud": withClaims({ aud: ["a.B", "test.EchoService"] }) }),
    ...refused("RFC 7519, 4 (the last of two names counts)", {
      "exp twice, the last one past": withPayload((payload) => payload.replace(/}$/, ',"exp":1}')),
    }),
    ...refused("RFC 7519, 7.2", {
      "a payload that is a list": withPayload((payload) => `[${payload}]`),
      "a payload that is a token (nested)": () => (thumbprint) =>
        signed({ header: headerWith({ cty: "JWT" }), payload: withHeader({})()(thumbprint) }),
      "a payload that is no UTF-8": withPayload((payload) =>
        Buffer.concat([Buffer.from(payload.replace(/}$/, ',"x":"')), Buffer.of(0xff), Buffer.from('"}')]),
      ),
      "an empty payload": withPayload(() => ""),
      "more than 8,192 characters": withClaims({
        aud: ["test.EchoService", ...Array(500).fill("a.very.long.name.of.Service")],
      }),
    }),
    ...refused("RFC 8705, 3.1", {
      "a thumbprint with padding": () => (thumbprint) => withHeader({})()(`${thumbprint}=`),
      "another thumbprint": () => () => withHeader({})()("A".repeat(43)),
      "no cnf": withClaims({ cnf: undefined }),
    }),
  ],
  open,
);

async function open(): Promise<Stage<Make>> {
  const { ca, trust } = await createTestFleet();
  const { spiffeId, leaf: certificate } = await ca.issue("spiffe://test/caller/1");
  const key = { ...createPublicKey(tokenKey).export({ format: "jwk" }), kid: "key-1" } as JWK;
  const state = { ...trust.state, jwks: { keys: [key] } };
  return {
    see: (make) =>
      seenOf(() => verifyToken(make(certificate.thumbprint), { trust: state, spiffeId, certificate, now: Date.now() })),
    close: async () => {},
  };
}
