import assert from "node:assert/strict";
import { createKeyPair } from "@interlock/bot";
import { createRoot } from "../ca/ca.js";
import { type ForeignCa, foreignCa } from "../testing/foreign-ca.js";
import { formatTrustBundle } from "./format-trust-bundle.js";
import { parseTrustBundle, readTrustBundle } from "./parse-trust-bundle.js";

const domain = "partner.example";
const year = 365 * 24 * 3_600_000;

describe("a trust bundle", () => {
  let ca: ForeignCa;

  before(async () => {
    ca = await foreignCa(domain);
  });

  const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");
  const key = (der: Uint8Array, change: object = {}) => ({
    use: "x509-svid",
    kty: "EC",
    x5c: [base64(der)],
    ...change,
  });
  const json = (keys: unknown, more: object = {}) => JSON.stringify({ keys, ...more });
  const parse = (text: string) => parseTrustBundle(text, domain);
  const refuses = (text: string, words: RegExp) =>
    assert.throws(() => parse(text), { code: "INVALID_ARGUMENT", message: words });

  it("is read in the form in which SPIRE writes it", async () => {
    const second = await foreignCa(domain);
    const jwk = {
      kty: "EC",
      crv: "P-256",
      x: "fK-wKTnKL7KFLM27lqq5DC-bxrVaH6rDV-IcCSEOeL4",
      y: "wq-g3TQWxYlV51TCPH030yXsRxvujD4hUUaIQrXk4KI",
    };
    const text = JSON.stringify(
      {
        keys: [
          { use: "x509-svid", ...jwk, x5c: [base64(ca.certificate)] },
          { use: "x509-svid", ...jwk, x5c: [base64(second.certificate)] },
          { use: "jwt-svid", kid: "C6vs25welZOx6WksNYfbMfiw9l96pMnD", ...jwk },
        ],
        spiffe_sequence: 17,
        spiffe_refresh_hint: 300,
      },
      undefined,
      4,
    );
    const bundle = parse(text);
    assert.deepEqual(
      bundle.caCertificates.map(base64),
      [ca, second].map(({ certificate }) => base64(certificate)),
    );
    assert.deepEqual([bundle.sequence, bundle.refreshHintSeconds], [17n, 300]);
  });

  it("is what is written here", () => {
    const text = formatTrustBundle({
      caCertificates: [ca.certificate],
      sequence: 2n ** 53n + 1n,
      refreshHintSeconds: 60,
    });
    assert.match(text, /"spiffe_sequence":9007199254740993[,}]/);
    const { keys } = JSON.parse(text);
    assert.deepEqual(Object.keys(keys[0]).sort(), ["crv", "kty", "use", "x", "x5c", "y"]);
    assert.deepEqual([keys[0].use, keys[0].x5c], ["x509-svid", [base64(ca.certificate)]]);
    assert.deepEqual(parse(text).caCertificates.map(base64), [base64(ca.certificate)]);
  });

  it("takes the first certificate of a key, once, and keeps one that begins in the future", async () => {
    const later = await createRoot((await createKeyPair()).privateKeyPem, domain, Date.now() + year);
    const keys = [key(ca.certificate, { x5c: [base64(ca.certificate), "rest"] }), key(ca.certificate), key(later)];
    assert.deepEqual(parse(json(keys)).caCertificates.map(base64), [ca.certificate, later].map(base64));
  });

  it("ignores keys of another use, of none, and of an unknown type", () => {
    const others = [
      key(ca.certificate, { use: "jwt-svid" }),
      key(ca.certificate, { use: "X509-SVID" }),
      key(ca.certificate, { use: undefined }),
      key(ca.certificate, { kty: undefined }),
      key(ca.certificate, { kty: "AKP" }),
      ...[null, 7, "x509-svid", []],
    ];
    assert.equal(parse(json([key(ca.certificate), ...others])).caCertificates.length, 1);
    for (const other of others) {
      const { caCertificates, ignored } = readTrustBundle(json([other]), domain, Date.now());
      assert.deepEqual([caCertificates, ignored], [[], []], JSON.stringify(other));
    }
  });

  it("leaves out what nothing could be accepted from, and says why", async () => {
    const { privateKeyPem } = await createKeyPair();
    const expired = await createRoot(privateKeyPem, domain, Date.now() - 11 * year);
    const elsewhere = await foreignCa("elsewhere.example");
    const [leaf] = (await ca.issue(`spiffe://${domain}/orders`)).chain;
    const cut = ca.certificate.subarray(0, -1);
    const cases: readonly (readonly [object, RegExp])[] = [
      [key(expired), /^key 2: it has expired$/],
      [key(elsewhere.certificate), /^key 2: the certificate is of another trust domain$/],
      [key(leaf as Uint8Array), /^key 2: the certificate is not from/],
      [key(cut), /^key 2: the certificate cannot be read$/],
      ...[undefined, [], "text", [7], [""], ["%%"], ["-_-_"], [`${base64(ca.certificate)}\n`]].map(
        (x5c) => [key(ca.certificate, { x5c }), /^key 2: its x5c holds no certificate in base64$/] as const,
      ),
    ];
    for (const [bad, words] of cases) {
      const { caCertificates, ignored } = readTrustBundle(json([key(ca.certificate), bad]), domain, Date.now());
      assert.equal(caCertificates.length, 1);
      assert.match(String(ignored), words);
    }
  });

  it("has a refresh hint of a year at most, which every listing can show", () => {
    const hintOf = (hint: unknown) =>
      parse(json([key(ca.certificate)], { spiffe_refresh_hint: hint })).refreshHintSeconds;
    assert.deepEqual([300, 2 ** 32, Number.MAX_SAFE_INTEGER].map(hintOf), [300, 31_536_000, 31_536_000]);
    assert.deepEqual([0, -1, 1.5, 2 ** 60, "300", null].map(hintOf), Array(6).fill(undefined));
  });

  it("may have no CA where it was fetched, and never in a file", () => {
    assert.deepEqual(readTrustBundle(json([]), domain, Date.now()), { caCertificates: [], ignored: [] });
    refuses(json([]), /no CA certificate of partner\.example/);
    refuses(json([key(ca.certificate, { x5c: [] })]), /key 1: its x5c/);
  });

  it("is refused without keys, or where it is no JSON object", () => {
    refuses("{}", /no list "keys"/);
    refuses(json({ 0: key(ca.certificate), length: 1 }), /no list "keys"/);
    for (const text of ["", "[", "\u001b[2J", `{"keys":[]} {`, "[".repeat(200_000)]) refuses(text, /it is no JSON\.$/);
    for (const text of ["null", "7", '"text"']) refuses(text, /no JSON object/);
    refuses("[]", /no list "keys"/);
  });

  it("is refused over its bounds", async () => {
    const small = Array.from({ length: 10_000 }, () => ({ kty: "EC", use: "none" }));
    refuses(json(small), /more than 262144 bytes|more than 256 keys/);
    refuses(json(small.slice(0, 257)), /more than 256 keys/);
    refuses(json([key(ca.certificate)], { filling: "x".repeat(256 * 1_024) }), /more than 262144 bytes/);
    const cas = await Promise.all(Array.from({ length: 17 }, () => foreignCa(domain)));
    refuses(json(cas.map(({ certificate }) => key(certificate))), /more than 16 CA certificates/);
    assert.equal(parse(json(cas.slice(1).map(({ certificate }) => key(certificate)))).caCertificates.length, 16);
  });

  it("has a sequence that is an integer of 63 bits, or none", () => {
    const sequenceIn = (text: string) =>
      parse(`{"keys":[${JSON.stringify(key(ca.certificate))}],"spiffe_sequence":${text}}`).sequence;
    assert.deepEqual(["0", "1", "1764000000000000000"].map(sequenceIn), [0n, 1n, 1764000000000000000n]);
    assert.equal(parse(json([key(ca.certificate)])).sequence, undefined);
    for (const text of ["-1", "1.5", '"1"', "null", "[1]", "9223372036854775807", "1e400"])
      assert.throws(() => sequenceIn(text), /spiffe_sequence is no integer/, text);
  });

  it("has a refresh hint, or none where it cannot be read", () => {
    const hintIn = (hint: unknown) =>
      parse(json([key(ca.certificate)], { spiffe_refresh_hint: hint })).refreshHintSeconds;
    assert.equal(hintIn(300), 300);
    for (const hint of [0, -5, 1.5, "300", null, 2 ** 60]) assert.equal(hintIn(hint), undefined, String(hint));
  });
});
