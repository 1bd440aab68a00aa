import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKeyInput,
  type KeyObject,
  sign,
} from "node:crypto";
import type { Reason } from "../base/reason.js";
import type { Identity } from "../identity/identity.js";
import { EchoService, type TestFleet } from "./test-fleet.js";

/** What an attack on a token is made with. */
export interface TokenAttackBasis {
  readonly fleet: TestFleet;
  /** The caller that a good token belongs to. */
  readonly caller: Identity;
  /** An address of the attacker's, for headers that name one. */
  readonly url: string;
}

/** An `authorization` value that is answered with 16. */
export interface TokenAttack {
  /** Of the security contract. */
  readonly row: 16 | 17 | 18 | 19 | 20 | 21 | 22;
  readonly attack: string;
  readonly reason: Reason;
  /** `undefined` for none at all. */
  make(basis: TokenAttackBasis): string | undefined | Promise<string | undefined>;
}

const audience = EchoService.name;
// Now, when a test runs: a suite may take a minute to come to it.
const seconds = () => Math.floor(Date.now() / 1_000);

const good = ({ fleet, caller }: TokenAttackBasis, claims: object = {}, header: object = {}) =>
  fleet.token(caller, audience, ["echo:call"], claims, header);

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
type Forge = (input: string) => string;

/** A token put together by hand: `forge` signs what stands before the last dot. */
async function forged(basis: TokenAttackBasis, header: object, forge: Forge, claims: object = {}): Promise<string> {
  const [, payload = ""] = (await good(basis)).split(".");
  const body = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), ...claims };
  const input = `${part({ alg: "ES256", typ: "at+jwt", kid: "key-1", ...header })}.${part(body)}`;
  return `Bearer ${input}.${forge(input)}`;
}

const nothing: Forge = () => "";
const hmac =
  (key: string | Buffer): Forge =>
  (input) =>
    createHmac("sha256", key).update(input).digest("base64url");
const signed =
  (key: KeyObject): Forge =>
  (input) =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
const ownKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const authorityKey = ({ fleet }: TokenAttackBasis) =>
  createPublicKey({ key: fleet.trust.state.jwks.keys[0], format: "jwk" } as JsonWebKeyInput);

type Make = TokenAttack["make"];
const value =
  (authorization: string | undefined): Make =>
  () =>
    authorization;
const claims =
  (claim: object | (() => object), header: object = {}): Make =>
  async (basis) =>
    `Bearer ${await good(basis, typeof claim === "function" ? claim() : claim, header)}`;
const header =
  (more: object, forge: Forge = nothing): Make =>
  (basis) =>
    forged(basis, more, forge);
/** Twice: signed with a key of the attacker's own that the header brings along, and with the fleet's. */
const ownHeader = (name: string, of: (basis: TokenAttackBasis, publicKey: KeyObject) => unknown): Attack[] => [
  [
    `${name}, signed with the key that it brings`,
    "TOKEN_HEADER",
    (basis) => {
      const { privateKey, publicKey } = ownKey();
      return forged(basis, { [name]: of(basis, publicKey) }, signed(privateKey));
    },
  ],
  [
    `${name}, signed by the authority all the same`,
    "TOKEN_HEADER",
    async (basis) => `Bearer ${await good(basis, {}, { [name]: of(basis, ownKey().publicKey) })}`,
  ],
];

type Attack = readonly [attack: string, reason: Reason, make: Make];

const replacePart = (token: string, at: number, change: (part: string) => string) =>
  token
    .split(".")
    .map((text, i) => (i === at ? change(text) : text))
    .join(".");
/** Sets a bit in the last character that belongs to no byte; `text` has such bits. */
const withLooseBits = (text: string) => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? "") | 1];
};
/** Ways to write a good token that a lenient decoder takes for the same, and that `Bearer` allows. */
const otherForms: Readonly<Record<string, (token: string) => string>> = {
  "padded at its end": (token) => `Bearer ${token}==`,
  "with bits in its signature that no byte uses": (token) => `Bearer ${replacePart(token, 2, withLooseBits)}`,
  "with a plus in its signature": (token) => `Bearer ${replacePart(token, 2, (text) => `${text}+`)}`,
  "with a tilde in its payload": (token) => `Bearer ${replacePart(token, 1, (text) => `${text}~`)}`,
};

const rows: Readonly<Record<TokenAttack["row"], readonly Attack[]>> = {
  16: [
    ["missing", "TOKEN_MISSING", value(undefined)],
    ["Basic", "TOKEN_NOT_BEARER", value("Basic Y2FsbGVyOnNlY3JldA==")],
    ["a bare token", "TOKEN_NOT_BEARER", good],
    ["DPoP", "TOKEN_NOT_BEARER", async (basis) => `DPoP ${await good(basis)}`],
    [
      "two tokens in one value",
      "TOKEN_NOT_BEARER",
      async (basis) => `Bearer ${await good(basis)}, Bearer ${await good(basis)}`,
    ],
    [
      "two tokens after one Bearer",
      "TOKEN_NOT_BEARER",
      async (basis) => `Bearer ${await good(basis)} ${await good(basis)}`,
    ],
    ["Bearer and no token", "TOKEN_NOT_BEARER", value("Bearer")],
    ["empty", "TOKEN_NOT_BEARER", value("")],
    ["no JWT", "TOKEN_MALFORMED", value("Bearer abc")],
    ["two parts", "TOKEN_MALFORMED", async (basis) => `Bearer ${(await good(basis)).split(".").slice(0, 2).join(".")}`],
    ["four parts", "TOKEN_MALFORMED", async (basis) => `Bearer ${await good(basis)}.e30`],
    ["five parts, as encrypted ones have", "TOKEN_MALFORMED", async (basis) => `Bearer ${await good(basis)}.e30.e30`],
    ...Object.entries(otherForms).map(
      ([what, change]): Attack => [
        `a good token, ${what}`,
        "TOKEN_MALFORMED",
        async (basis) => change(await good(basis)),
      ],
    ),
    ["longer than any token of ours", "TOKEN_MALFORMED", claims({ pad: "a".repeat(9_000) })],
  ],
  17: [
    ["none", "TOKEN_ALGORITHM", header({ alg: "none" })],
    ["None", "TOKEN_ALGORITHM", header({ alg: "None" })],
    ["no algorithm", "TOKEN_ALGORITHM", header({ alg: undefined })],
    ["an algorithm that is no text", "TOKEN_ALGORITHM", header({ alg: ["ES256"] })],
    [
      "HS256, keyed with the public key as PEM",
      "TOKEN_ALGORITHM",
      (basis) => forged(basis, { alg: "HS256" }, hmac(authorityKey(basis).export({ type: "spki", format: "pem" }))),
    ],
    [
      "HS256, keyed with the public key as DER",
      "TOKEN_ALGORITHM",
      (basis) => forged(basis, { alg: "HS256" }, hmac(authorityKey(basis).export({ type: "spki", format: "der" }))),
    ],
    [
      "HS256, keyed with the public key as JWK",
      "TOKEN_ALGORITHM",
      (basis) => forged(basis, { alg: "HS256" }, hmac(JSON.stringify(authorityKey(basis).export({ format: "jwk" })))),
    ],
    [
      "ES384 said over an ES256 signature",
      "TOKEN_ALGORITHM",
      (basis) => forged(basis, { alg: "ES384" }, signed(ownKey().privateKey)),
    ],
    [
      "ES256 said, RSA signed",
      "TOKEN_SIGNATURE",
      (basis) => {
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        return forged(basis, {}, (input) => sign("sha256", Buffer.from(input), privateKey).toString("base64url"));
      },
    ],
    ["ES256 with a key of one's own", "TOKEN_SIGNATURE", (basis) => forged(basis, {}, signed(ownKey().privateKey))],
    [
      "an all-zero signature (CVE-2022-21449)",
      "TOKEN_SIGNATURE",
      header({}, () => Buffer.alloc(64).toString("base64url")),
    ],
    [
      "a signature in DER",
      "TOKEN_SIGNATURE",
      header({}, (input) => sign("sha256", Buffer.from(input), ownKey().privateKey).toString("base64url")),
    ],
    ["no signature", "TOKEN_SIGNATURE", header({})],
    [
      "a good signature under other claims",
      "TOKEN_SIGNATURE",
      async (basis) => {
        const signature = (await good(basis)).split(".")[2] ?? "";
        return forged(basis, {}, () => signature, { scope: "echo:call echo:reset" });
      },
    ],
    [
      "a good signature under another header",
      "TOKEN_SIGNATURE",
      async (basis) => {
        const [, body, signature] = (await good(basis)).split(".");
        return `Bearer ${part({ alg: "ES256", typ: "at+jwt", kid: "key-1", more: 1 })}.${body}.${signature}`;
      },
    ],
  ],
  18: [
    ...ownHeader("jwk", (_basis, key) => key.export({ format: "jwk" })),
    ...ownHeader("jku", ({ url }) => url),
    ...ownHeader("x5u", ({ url }) => url),
    ...ownHeader("x5c", () => ["MII="]),
    ["crit", "TOKEN_HEADER", header({ crit: ["exp"], exp: 1 })],
    ["b64, though not critical", "TOKEN_HEADER", header({ b64: false })],
    ["crit with an unknown word", "TOKEN_HEADER", claims({}, { crit: ["b64"], b64: true })],
    ["a kid that is no text", "TOKEN_MALFORMED", header({ kid: 1 })],
    ["no kid", "TOKEN_MALFORMED", claims({}, { kid: undefined })],
  ],
  19: [
    ["another issuer", "TOKEN_ISSUER", claims({ iss: "https://evil" })],
    ["an issuer that begins like ours", "TOKEN_ISSUER", claims({ iss: "https://test.evil" })],
    ["a list of issuers, ours among them", "TOKEN_ISSUER", claims({ iss: ["https://test", "https://evil"] })],
    ["no issuer", "TOKEN_MALFORMED", claims({ iss: undefined })],
    ["another audience", "TOKEN_AUDIENCE", claims({ aud: "test.OtherService" })],
    ["an audience that only begins like ours", "TOKEN_AUDIENCE", claims({ aud: "test.EchoServiceX" })],
    ["an audience in another case", "TOKEN_AUDIENCE", claims({ aud: audience.toUpperCase() })],
    ["an empty audience", "TOKEN_AUDIENCE", claims({ aud: "" })],
    ["an audience of none", "TOKEN_AUDIENCE", claims({ aud: [] })],
    [
      "a list of audiences, ours among them, with one that is no text",
      "TOKEN_MALFORMED",
      claims({ aud: [audience, 1] }),
    ],
    ["an audience that is an object", "TOKEN_MALFORMED", claims({ aud: { [audience]: true } })],
    ["an audience of any", "TOKEN_AUDIENCE", claims({ aud: "*" })],
    ["no audience", "TOKEN_MALFORMED", claims({ aud: undefined })],
    ["an ID token", "TOKEN_TYPE", claims({}, { typ: "JWT" })],
    ["a logout token", "TOKEN_TYPE", claims({}, { typ: "logout+jwt" })],
    ["another tree of media types", "TOKEN_TYPE", claims({}, { typ: "text/at+jwt" })],
    ["application/ twice", "TOKEN_TYPE", claims({}, { typ: "application/application/at+jwt" })],
    ["no type", "TOKEN_TYPE", claims({}, { typ: undefined })],
    ["a type that is no text", "TOKEN_TYPE", header({ typ: { toString: "at+jwt" } })],
  ],
  20: [
    ["expired", "TOKEN_EXPIRED", claims(() => ({ iat: seconds() - 200, exp: seconds() - 1 }))],
    ["expired a minute ago", "TOKEN_EXPIRED", claims(() => ({ iat: seconds() - 200, exp: seconds() - 60 }))],
    ["no exp", "TOKEN_MALFORMED", claims({ exp: undefined })],
    ["an exp that is text", "TOKEN_MALFORMED", claims({ exp: "tomorrow" })],
    ["an exp that is null", "TOKEN_MALFORMED", claims({ exp: null })],
    ["an exp beyond all numbers", "TOKEN_LIFETIME", claims({ exp: Number.MAX_VALUE })],
    ["a negative exp", "TOKEN_EXPIRED", claims({ iat: -200, exp: -500 })],
    ["no iat", "TOKEN_MALFORMED", claims({ iat: undefined })],
    ["nbf in the future", "TOKEN_NOT_YET_VALID", claims(() => ({ nbf: seconds() + 120 }))],
    ["an nbf that is text", "TOKEN_MALFORMED", claims({ nbf: "yesterday" })],
    ["iat in the future", "TOKEN_NOT_YET_VALID", claims(() => ({ iat: seconds() + 120, exp: seconds() + 180 }))],
    ["a life over ten minutes", "TOKEN_LIFETIME", claims(() => ({ exp: seconds() + 3_600 }))],
    ["a life of ten minutes and a second", "TOKEN_LIFETIME", claims(() => ({ iat: seconds(), exp: seconds() + 601 }))],
    [
      "a life that ends before it begins",
      "TOKEN_LIFETIME",
      claims(() => ({ iat: seconds() + 100, exp: seconds() + 50 })),
    ],
  ],
  21: [
    [
      "another bot's token",
      "TOKEN_SUBJECT_MISMATCH",
      async ({ fleet }) => {
        const other = await fleet.ca.issue("spiffe://test/other/1");
        return `Bearer ${await fleet.token(other, audience, ["echo:call"])}`;
      },
    ],
    [
      "a token for another certificate of the same bot",
      "TOKEN_BINDING_MISMATCH",
      async ({ fleet, caller }) => {
        const renewed = await fleet.ca.issue(caller.spiffeId.uri);
        return `Bearer ${await fleet.token(renewed, audience, ["echo:call"])}`;
      },
    ],
    ["another bot's sub", "TOKEN_SUBJECT_MISMATCH", claims({ sub: "spiffe://test/admin" })],
    ["no sub", "TOKEN_MALFORMED", claims({ sub: undefined })],
    ["no cnf", "TOKEN_MALFORMED", claims({ cnf: undefined })],
    ["an empty cnf", "TOKEN_BINDING_MISMATCH", claims({ cnf: {} })],
    ["cnf null", "TOKEN_BINDING_MISMATCH", claims({ cnf: null })],
    ["cnf that is text", "TOKEN_BINDING_MISMATCH", claims({ cnf: "x5t#S256" })],
    ["an empty thumbprint", "TOKEN_BINDING_MISMATCH", claims({ cnf: { "x5t#S256": "" } })],
    [
      "a list of thumbprints",
      "TOKEN_BINDING_MISMATCH",
      async (basis) => `Bearer ${await good(basis, { cnf: { "x5t#S256": [basis.caller.leaf.thumbprint] } })}`,
    ],
    ["a jkt beside no thumbprint", "TOKEN_BINDING_MISMATCH", claims({ cnf: { jkt: "abc" } })],
    [
      "the thumbprint under x5t",
      "TOKEN_BINDING_MISMATCH",
      async (basis) => `Bearer ${await good(basis, { cnf: { x5t: basis.caller.leaf.thumbprint } })}`,
    ],
    [
      "the thumbprint in hex",
      "TOKEN_BINDING_MISMATCH",
      async (basis) => {
        const hex = Buffer.from(basis.caller.leaf.thumbprint, "base64url").toString("hex");
        return `Bearer ${await good(basis, { cnf: { "x5t#S256": hex } })}`;
      },
    ],
    [
      "the thumbprint in padded base64",
      "TOKEN_BINDING_MISMATCH",
      async (basis) => `Bearer ${await good(basis, { cnf: { "x5t#S256": `${basis.caller.leaf.thumbprint}=` } })}`,
    ],
    ["no jti", "TOKEN_MALFORMED", claims({ jti: undefined })],
  ],
  22: [
    ["an unknown kid", "TOKEN_KEY_UNKNOWN", claims({}, { kid: "key-2" })],
    ["an empty kid", "TOKEN_KEY_UNKNOWN", claims({}, { kid: "" })],
    ["a kid that is a path", "TOKEN_KEY_UNKNOWN", claims({}, { kid: "../../dev/null" })],
    ["a kid of every object's", "TOKEN_KEY_UNKNOWN", claims({}, { kid: "__proto__" })],
  ],
};

/** Every one of them. */
export const tokenAttacks: readonly TokenAttack[] = Object.entries(rows).flatMap(([row, attacks]) =>
  attacks.map(([attack, reason, make]) => ({ row: Number(row) as TokenAttack["row"], attack, reason, make })),
);
