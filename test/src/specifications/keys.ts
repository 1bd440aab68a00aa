import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { fromIssuer, silentLog, systemClock } from "@interlock/bot";
import { verifyToken } from "@interlock/bot/internal";
import { createTestFleet, ecKey, rsaKey, startTestIssuer } from "@interlock/bot/testing";
import type { JWK } from "jose";
import { createGroup, refused, type Stage, seenOf, taken } from "./group.js";
import { claimsWith, encode, headerWith } from "./jwt.js";

type Algorithm = NonNullable<Parameters<typeof fromIssuer>[0]["algorithms"]>[number];

/** The keys of a foreign issuer, and a token that is shown to a bot that believes it. */
interface Published {
  readonly keys: readonly object[];
  readonly algorithms: readonly Algorithm[];
  readonly header: string;
  sign(input: string): Uint8Array;
}

const ec = ecKey();
const rsa = rsaKey(2_048);
const ed = generateKeyPairSync("ed25519").privateKey;
const jwkOf = (key: KeyObject, more: object = {}): JWK => ({
  ...(createPublicKey(key).export({ format: "jwk" }) as JWK),
  kid: "key-1",
  ...more,
});
const algorithmOf = ({ asymmetricKeyType: type }: KeyObject) =>
  (({ ec: "ES256", rsa: "RS256", ed25519: "EdDSA" }) as Record<string, Algorithm>)[type ?? ""] ?? "ES256";
const signWith = (key: KeyObject) => (input: string) =>
  sign(key.asymmetricKeyType === "ed25519" ? undefined : "sha256", Buffer.from(input), {
    key,
    dsaEncoding: "ieee-p1363",
  });

/** A set with this key, or with these, and a token that the key has signed. */
const published =
  (key: KeyObject, change: (jwk: JWK) => object | readonly object[] = (jwk) => jwk, more: Partial<Published> = {}) =>
  (): Published => ({
    keys: [change(jwkOf(key))].flat(),
    algorithms: [algorithmOf(key)],
    header: headerWith({ alg: algorithmOf(key) }),
    sign: signWith(key),
    ...more,
  });
const withMembers = (more: object, key = ec) => published(key, (jwk) => ({ ...jwk, ...more }));
const renewed = (make: () => KeyObject) => () => published(make())();

/** The message that an RSA signature stands for (RFC 8017, 9.2), which is its own signature with the exponent 1. */
function paddedMessage(input: string): Uint8Array {
  const info = Buffer.from("3031300d060960864801650304020105000420", "hex");
  const digest = createHash("sha256").update(input).digest();
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(256 - 54, 0xff), Buffer.of(0), info, digest]);
}

const x = (jwk: JWK) => Buffer.from(jwk.x ?? "", "base64url");

/** Line 25: keys of a foreign issuer, read by `fromIssuer` over HTTPS. */
export const keys = createGroup<Published>(
  "keys of an issuer",
  [
    ...taken("RFC 7517, 4 and 5", {
      "a key on P-256 (the control)": published(ec),
      "an RSA key of 2,048 bits": published(rsa),
      "a key on Ed25519 (RFC 8037, 2)": published(ed),
      "members that are not known": withMembers({ x5c: ["AA=="], x5t: "x", nobody: { knows: 1 } }),
      "keys of no known kind beside it (RFC 7517, 5)": published(
        ec,
        (jwk) => [{ kty: "new", kid: "key-1" }, null, 7, jwk] as object[],
      ),
    }),
    ...refused("FIPS 186-5, 5.4", {
      "RSA with the exponent 1, the message as signature": published(rsa, (jwk) => ({ ...jwk, e: "AQ" }), {
        sign: paddedMessage,
      }),
      "the same beside a good key": published(
        rsa,
        (jwk) => [
          { ...jwk, e: "AQ" },
          { ...jwk, kid: "key-2" },
        ],
        {
          sign: paddedMessage,
        },
      ),
      "RSA with the exponent 3": renewed(() => rsaKey(2_048, 3)),
      "RSA with an even exponent": published(rsa, (jwk) => ({ ...jwk, e: "AQAC" })),
    }),
    ...refused("FIPS 186-5, 5.1; RFC 7518, 3.3", { "RSA of 1,024 bits": renewed(() => rsaKey(1_024)) }),
    ...taken("RFC 7517, 4.2 and 4.3", {
      "use of sig": withMembers({ use: "sig" }),
      "key_ops of verify": withMembers({ key_ops: ["verify"] }),
      both: withMembers({ use: "sig", key_ops: ["verify"] }),
    }),
    ...refused("RFC 7517, 4.2", {
      "use of enc": withMembers({ use: "enc" }),
      "use of null": withMembers({ use: null }),
    }),
    ...refused("RFC 7517, 4.3", {
      "key_ops of sign": withMembers({ key_ops: ["sign"] }),
      "key_ops of none": withMembers({ key_ops: [] }),
      "key_ops as text": withMembers({ key_ops: "verify" }),
      "key_ops of encrypt, for RSA": withMembers({ key_ops: ["encrypt"] }, rsa),
      "key_ops against use": withMembers({ use: "sig", key_ops: ["wrapKey"] }),
    }),
    ...refused("RFC 7517, 4.4", { "alg of another algorithm": withMembers({ alg: "ES384" }) }),
    ...refused("RFC 7517, 4.5", {
      "no kid": withMembers({ kid: undefined }),
      "a kid of a number": withMembers({ kid: 1 }),
    }),
    ...taken("RFC 7517, 4.5 (kid)", {
      "one kid for RSA and EC, the EC one meant": published(ec, (jwk) => [jwkOf(rsa), jwk], {
        algorithms: ["ES256", "RS256"],
      }),
      "one kid for EC and RSA, the RSA one meant": published(rsa, (jwk) => [jwkOf(ec), jwk], {
        algorithms: ["ES256", "RS256"],
      }),
      "one kid for two keys of one kind, the second meant": published(ec, (jwk) => [jwkOf(ecKey()), jwk]),
      "one kid for an encryption key and a signing key": published(rsa, (jwk) => [{ ...jwkOf(rsa), use: "enc" }, jwk]),
    }),
    ...refused("RFC 7517, 4.5 (kid)", {
      "one kid for two keys, neither meant": published(ecKey(), () => [jwkOf(ec), jwkOf(rsa)]),
    }),
    ...refused("RFC 7517, 9.2; RFC 7518, 6.2.2", {
      "the private part is published": published(ec, (jwk) => ({ ...jwk, ...ec.export({ format: "jwk" }) })),
      "the private part of an RSA key is published": published(rsa, (jwk) => ({
        ...jwk,
        ...rsa.export({ format: "jwk" }),
      })),
    }),
    ...refused("RFC 7518, 6.2.1 and 6.3.1; RFC 7515, 2", {
      "a coordinate with padding": published(ec, (jwk) => ({ ...jwk, x: `${jwk.x}=` })),
      "a coordinate with white space": published(ec, (jwk) => ({ ...jwk, x: ` ${jwk.x}` })),
      "a coordinate of 33 bytes": published(ec, (jwk) => ({
        ...jwk,
        x: encode(Buffer.concat([Buffer.of(0), x(jwk)])),
      })),
      "a point that is not on the curve": published(ec, (jwk) => ({ ...jwk, y: encode(Buffer.alloc(32, 1)) })),
      "a curve that is another": published(ec, (jwk) => ({ ...jwk, crv: "P-384" })),
      "a modulus in the other alphabet": published(rsa, (jwk) => ({
        ...jwk,
        n: Buffer.from(jwk.n ?? "", "base64url").toString("base64"),
      })),
      "an exponent with padding": published(rsa, (jwk) => ({ ...jwk, e: `${jwk.e}====` })),
      "no exponent": published(rsa, (jwk) => ({ ...jwk, e: undefined })),
    }),
    ...refused("RFC 8725, 3.1", {
      "a shared secret": published(ec, () => ({ kty: "oct", k: "AAAA", kid: "key-1", alg: "ES256" })),
      "keys for RS256 alone, where ES256 was chosen": published(rsa, (jwk) => jwk, { algorithms: ["ES256"] }),
      "no keys": published(ec, () => []),
    }),
  ],
  open,
);

async function open(): Promise<Stage<Published>> {
  const { ca, trust } = await createTestFleet();
  const { spiffeId, leaf: certificate } = await ca.issue("spiffe://test/caller/1");
  const issuer = await startTestIssuer(ca.der);
  return {
    see: ({ keys, algorithms, header, sign }) =>
      seenOf(async () => {
        issuer.keys = keys as JWK[];
        const options = { url: issuer.url, caFile: issuer.caFile, algorithms };
        const provided = await fromIssuer(options).open({ clock: systemClock, log: silentLog });
        provided.close();
        const claims = claimsWith(certificate.thumbprint, { iss: issuer.url });
        const input = `${encode(header)}.${encode(JSON.stringify(claims))}`;
        const token = `${input}.${encode(sign(input))}`;
        const state = { ...trust.state, ...provided.trust.current() };
        await verifyToken(token, { trust: state, spiffeId, certificate, now: Date.now() });
      }),
    close: issuer.close,
  };
}
