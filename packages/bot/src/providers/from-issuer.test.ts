import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { JWK } from "jose";
import { type Clock, systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { silentLog } from "../base/log.js";
import type { Identity } from "../identity/identity.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { startTestIssuer, type TestIssuer } from "../testing/test-issuer.js";
import type { TokenRules } from "../token/token-rules.js";
import { verifyToken } from "../token/verify-token.js";
import { createTrust } from "../trust/trust.js";
import { withoutTrust } from "../trust/without-trust.js";
import { fromIssuer, type IssuerOptions } from "./from-issuer.js";
import { overlayTrust } from "./overlay-trust.js";
import type { ProvidedIssuer } from "./provider.js";

describe("tokens of another issuer", () => {
  let ca: TestCa;
  let me: Identity;
  let issuer: TestIssuer;
  let open: ProvidedIssuer[];

  before(async () => {
    ca = await createTestCa();
    me = await ca.issue("spiffe://test/a");
  });
  beforeEach(async () => {
    issuer = await startTestIssuer(ca.der);
    open = [];
  });
  afterEach(async () => {
    for (const provided of open) provided.close();
    await issuer.close();
  });

  async function opened(more: Partial<IssuerOptions> = {}, clock: Clock = systemClock): Promise<ProvidedIssuer> {
    const provider = fromIssuer({ url: issuer.url, caFile: issuer.caFile, ...more });
    const provided = await provider.open({ clock, log: silentLog });
    open.push(provided);
    return provided;
  }

  const trustOf = (provided: ProvidedIssuer) =>
    overlayTrust(createTrust(withoutTrust("test")), { issuer: provided }, systemClock);

  function verify(provided: ProvidedIssuer, token: string) {
    const expectation = { spiffeId: me.spiffeId, certificate: me.leaf, now: Date.now() };
    return verifyToken(token, { ...expectation, trust: trustOf(provided).state });
  }

  const refused = (work: Promise<unknown> | (() => Promise<unknown>), reason: string, message = /./) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError, String(error));
      assert.equal(error.reason, reason, error.message);
      assert.match(error.message, message);
      return true;
    });

  const claims = () => ({ sub: me.spiffeId.uri, aud: "s", scope: "a:b", cnf: { "x5t#S256": me.leaf.thumbprint } });

  it("are got with the certificate, for one service, and verified with the issuer's keys", async () => {
    const provided = await opened();
    const authorization = await provided.tokens.authorization("cafe.v1.Coffee", ["coffee:brew"], me);
    const token = await verify(provided, authorization.replace("Bearer ", ""));
    assert.deepEqual([[...token.audiences], [...token.scopes]], [["cafe.v1.Coffee"], ["coffee:brew"]]);
    assert.equal(provided.tokens.authorization("cafe.v1.Coffee", ["coffee:brew"], me), authorization);
    assert.equal(issuer.asked.filter((path) => path.endsWith("/token")).length, 1);
  });

  it("are held to audience, expiry, binding and subject as the authority's are", async () => {
    const provided = await opened();
    const now = Math.floor(Date.now() / 1_000);
    await verify(provided, await issuer.token(claims()));
    await verify(provided, await issuer.token({ ...claims(), iat: now, exp: now + 301 }));
    const bad: [string, object, object?][] = [
      ["TOKEN_BINDING_MISMATCH", { cnf: { "x5t#S256": "x" } }],
      ["TOKEN_MALFORMED", { cnf: undefined }],
      ["TOKEN_MALFORMED", { aud: undefined }],
      ["TOKEN_MALFORMED", { exp: undefined }],
      ["TOKEN_EXPIRED", { iat: now - 200, exp: now - 1 }],
      ["TOKEN_LIFETIME", { exp: now + 3_600 }],
      ["TOKEN_LIFETIME", { iat: now, exp: now + 302 }],
      ["TOKEN_MALFORMED", { sub: "a" }],
      ["TOKEN_MALFORMED", { act: { sub: me.spiffeId.uri } }],
      ["TOKEN_SUBJECT_MISMATCH", { sub: "spiffe://test/b" }],
      ["TOKEN_ISSUER", { iss: "https://elsewhere.example" }],
      ["TOKEN_TYPE", {}, { typ: "JWT" }],
      ["TOKEN_KEY_UNKNOWN", {}, { kid: "other" }],
    ];
    for (const [reason, change, header] of bad) {
      await refused(verify(provided, await issuer.token({ ...claims(), ...change }, header)), reason);
    }
    const unbound = await issuer.token({ ...claims(), cnf: undefined });
    await refused(verify(provided, unbound), "TOKEN_MALFORMED", /there is no "cnf"$/);
  });

  it("may name the bot in another way, if that is said", async () => {
    const token = await issuer.token({ ...claims(), sub: "0oa81x", spiffe: me.spiffeId.uri });
    await refused(verify(await opened(), token), "TOKEN_MALFORMED");
    await verify(await opened({ subjectClaim: "spiffe" }), token);
    await verify(await opened({ subjects: { "0oa81x": me.spiffeId.uri } }), token);
    await refused(verify(await opened({ subjects: { "0oa81x": "spiffe://test/b" } }), token), "TOKEN_SUBJECT_MISMATCH");
  });

  it("are of the algorithms that were said, never of a shared secret or of none, nor of a short key", async () => {
    const rsa = await startTestIssuer(ca.der, "RS256");
    try {
      const options = { url: rsa.url, caFile: rsa.caFile };
      await refused(opened(options), "ISSUER_UNUSABLE", /no key for ES256, and has keys for RS256: name/);
      const provided = await opened({ ...options, algorithms: ["RS256"] });
      await verify(provided, await rsa.token(claims()));
      await refused(verify(provided, await issuer.token(claims())), "TOKEN_ALGORITHM");
      const short = { kty: "RSA", e: "AQAB", n: Buffer.alloc(128, 0xff).toString("base64url"), kid: "short" };
      rsa.keys = [short, { kty: "oct", k: "AAAA", kid: "secret", alg: "HS256" }];
      await assert.rejects(provided.refetch(), /no key for RS256/);
    } finally {
      await rsa.close();
    }
    for (const algorithm of ["HS256", "none"]) {
      assert.throws(() => fromIssuer({ url: issuer.url, algorithms: [algorithm as "ES256"] }), /algorithms can be/);
    }
    assert.throws(() => fromIssuer({ url: issuer.url, algorithms: [] }), /algorithms can be/);
    assert.throws(() => fromIssuer({ url: issuer.url, maximumLifetimeMs: 3_600_001 }), /maximumLifetimeMs/);
    assert.throws(() => fromIssuer({ url: "http://localhost" }), /https/);
  });

  it("are good with a new key once the keys have been read again, at most once in a while", async () => {
    const provided = await opened();
    const trust = trustOf(provided);
    await issuer.rotate("key-2");
    const token = await issuer.token(claims());
    await refused(verify(provided, token), "TOKEN_KEY_UNKNOWN");
    const before = issuer.asked.length;
    assert.equal(await trust.refetch(), true);
    assert.equal(await trust.refetch(), false);
    assert.equal(issuer.asked.length - before, 2, "its metadata and its keys, once");
    await verify(provided, token);
    assert.equal(trust.state.jwks.keys.length, 2);
    trust.close();
  });

  it("keep the last good keys over bad answers of every kind, and become stale in the end", async () => {
    let now = Date.now();
    const provided = await opened({ staleAfterMs: 60_000 }, { now: () => now });
    const trust = trustOf(provided);
    const keys = "/realms/cafe/keys";
    const metadata = "/realms/cafe/.well-known/openid-configuration";
    const good = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
    const zero = Buffer.alloc(32).toString("base64url");
    const offCurve = { kty: "EC", crv: "P-256", x: zero, y: zero, kid: "off" };
    const bad: [RegExp, string, number, string][] = [
      [/answered with 500/, keys, 500, "{}"],
      [/no JSON/, keys, 200, "<html>"],
      [/no JWK Set/, keys, 200, "null"],
      [/no key for ES256: each needs a kid/, keys, 200, JSON.stringify({ keys: [offCurve] })],
      [/no key for/, keys, 200, '{"keys":[]}'],
      [/no key for/, keys, 200, '{"keys":[null,7,{"kty":"EC","crv":"P-256"}]}'],
      [/more than 262144 bytes/, keys, 200, " ".repeat(300_000)],
      [/another issuer's/, metadata, 200, JSON.stringify({ ...good, issuer: "https://other.example" })],
      [/https URLs/, metadata, 200, JSON.stringify({ ...good, jwks_uri: "http://localhost/keys" })],
      [/answered with 302/, keys, 302, ""],
    ];
    for (const [problem, path, status, body] of bad) {
      issuer.answers.set(path, { status, body });
      await assert.rejects(provided.refetch(), problem);
      issuer.answers.clear();
    }
    await verify(provided, await issuer.token(claims()));
    assert.equal(trust.isStale(), false);
    now += 60_001;
    assert.equal(trust.isStale(), true);
    await provided.refetch();
    assert.equal(trust.isStale(), false);
    trust.close();
  });

  it("say why none is given, without the issuer's words", async () => {
    const { tokens } = await opened();
    const ask = (scope: string, identity = me) => Promise.resolve(tokens.authorization("s", [scope], identity));
    await refused(ask("a:forbidden"), "NO_GRANT", /invalid_scope/);
    const stranger = await (await createTestCa("other")).issue("spiffe://test/a");
    await refused(ask("a:b", stranger), "ISSUER_REFUSED", /invalid_client/);
    issuer.answers.set("/realms/cafe/token", { status: 200, body: '{"access_token":"a b","token_type":"bearer"}' });
    await refused(ask("a:c"), "ISSUER_REFUSED", /no bearer token/);
    issuer.answers.set("/realms/cafe/token", { status: 503, body: "secret words" });
    await refused(ask("a:d"), "ISSUER_UNREACHABLE", /^(?!.*secret).*503/);
  });

  it("are none where the issuer's answer is of no use, which is not told as out of reach", async () => {
    const keys = "/realms/cafe/keys";
    for (const [problem, body] of [
      [/no JSON/, "<html>"],
      [/no JWK Set/, "[]"],
      [/no key for ES256/, '{"keys":[]}'],
      [/more than 262144 bytes/, " ".repeat(300_000)],
    ] as const) {
      issuer.answers.set(keys, { status: 200, body });
      await refused(opened(), "ISSUER_UNUSABLE", problem);
    }
    issuer.answers.clear();
    const metadata = "/realms/cafe/.well-known/openid-configuration";
    issuer.answers.set(metadata, { status: 200, body: JSON.stringify({ issuer: "https://other.example" }) });
    await refused(opened(), "ISSUER_UNUSABLE", /another issuer's/);
    issuer.answers.clear();
    issuer.answers.set("/realms/cafe/token", { status: 200, body: "<html>" });
    const { tokens } = await opened();
    await refused(() => Promise.resolve(tokens.authorization("s", ["a:b"], me)), "ISSUER_UNUSABLE", /no JSON/);
  });

  it("cannot be forged with an RSA key of the exponent 1, whose signature is its message", async () => {
    const rsa = await startTestIssuer(ca.der, "RS256");
    try {
      const [key] = rsa.keys;
      const options = { url: rsa.url, caFile: rsa.caFile, algorithms: ["RS256" as const] };
      rsa.keys = [{ ...key, e: "AQ", kid: "one" } as JWK, ...rsa.keys];
      const provided = await opened(options);
      await verify(provided, await rsa.token(claims()));
      const [, body] = (await rsa.token(claims())).split(".");
      const head = Buffer.from(JSON.stringify({ alg: "RS256", typ: "at+jwt", kid: "one" })).toString("base64url");
      const info = Buffer.from("3031300d060960864801650304020105000420", "hex"); // SHA-256 (RFC 8017, section 9.2).
      const digest = createHash("sha256").update(`${head}.${body}`).digest();
      const padding = Buffer.alloc(256 - 3 - info.length - digest.length, 0xff);
      const message = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), info, digest]);
      await refused(verify(provided, `${head}.${body}.${message.toString("base64url")}`), "TOKEN_KEY_UNKNOWN");
      rsa.keys = rsa.keys.slice(0, 1);
      await refused(opened(options), "ISSUER_UNUSABLE", /no key for RS256/);
    } finally {
      await rsa.close();
    }
  });

  it("are none where the issuer cannot be reached, or is another one", async () => {
    await refused(opened({ url: `${issuer.url}/other` }), "ISSUER_UNREACHABLE", /answered with 404/);
    const { caFile: _, ...untrusted } = { url: issuer.url, caFile: "" };
    await refused(
      async () => fromIssuer(untrusted).open({ clock: systemClock, log: silentLog }),
      "ISSUER_UNREACHABLE",
      /certificate/,
    );
  });

  it("are asked for by the URL of the service, too, and hold it in aud, if it is said what URLs services have", async () => {
    const resourcePrefix = "https://cafe.example/";
    const url = `${resourcePrefix}cafe.v1.Coffee`;
    const forms = () => issuer.forms.map((form) => [form.get("audience"), form.get("resource")]);
    await (await opened()).tokens.authorization("cafe.v1.Coffee", ["coffee:brew"], me);
    const provided = await opened({ resourcePrefix });
    await provided.tokens.authorization("cafe.v1.Coffee", ["coffee:brew"], me);
    assert.deepEqual(forms(), [
      ["cafe.v1.Coffee", null],
      ["cafe.v1.Coffee", url],
    ]);
    const token = await issuer.token({ ...claims(), aud: [url, "other.Service"] });
    assert.deepEqual([...(await verify(provided, token)).audiences], ["cafe.v1.Coffee", "other.Service"]);
    assert.deepEqual([...(await verify(await opened(), token)).audiences], [url, "other.Service"]);
    const bad = [
      "cafe.example/",
      "https://cafe.example",
      "https://cafe.example/?a=/",
      "https://a@cafe.example/",
      "/",
      "",
    ];
    for (const prefix of [...bad, "https://cafe.example/#/", "https://cafe.example/ /"]) {
      assert.throws(() => fromIssuer({ url: issuer.url, resourcePrefix: prefix }), /resourcePrefix/, prefix);
    }
  });

  it("hold their scopes in scp, where there is no scope", async () => {
    const provided = await opened();
    const scopes = async (more: object) => [
      ...(await verify(provided, await issuer.token({ ...claims(), ...more }))).scopes,
    ];
    assert.deepEqual(await scopes({ scope: undefined, scp: "a:b c:d" }), ["a:b", "c:d"]);
    assert.deepEqual(await scopes({ scope: undefined, scp: ["a:b", "c:d"] }), ["a:b", "c:d"]);
    assert.deepEqual(await scopes({ scp: ["c:d"] }), ["a:b"]);
    await refused(scopes({ scope: undefined, scp: ["c:d", 1] }), "TOKEN_MALFORMED");
  });

  it("may be without a type, if that is said, and are held to everything else", async () => {
    const untyped = await issuer.token(claims(), { typ: undefined });
    const jwt = await issuer.token(claims(), { typ: "JWT" });
    await refused(verify(await opened(), untyped), "TOKEN_TYPE");
    await refused(verify(await opened({ type: "JWT" }), untyped), "TOKEN_TYPE");
    const provided = await opened({ type: "JWT or none" });
    await verify(provided, untyped);
    await verify(provided, jwt);
    const now = Math.floor(Date.now() / 1_000);
    const bad: [string, object, object?][] = [
      ["TOKEN_TYPE", {}, { typ: "logout+jwt" }],
      ["TOKEN_TYPE", {}, { typ: null }],
      ["TOKEN_TYPE", {}, { typ: "" }],
      ["TOKEN_TYPE", {}, { typ: ["JWT"] }],
      ["TOKEN_MALFORMED", { cnf: undefined }],
      ["TOKEN_BINDING_MISMATCH", { cnf: { "x5t#S256": "x" } }],
      ["TOKEN_EXPIRED", { iat: now - 200, exp: now - 1 }],
      ["TOKEN_ISSUER", { iss: "https://elsewhere.example" }],
      ["TOKEN_SUBJECT_MISMATCH", { sub: "spiffe://test/b" }],
    ];
    for (const [reason, change, header] of bad) {
      const token = await issuer.token({ ...claims(), ...change }, { typ: undefined, ...header });
      await refused(verify(provided, token), reason);
    }
    assert.throws(() => fromIssuer({ url: issuer.url, type: "any" as "JWT" }), /type can be/);
  });

  it("may be of type JWT, and live longer, if that is said", async () => {
    const more = { type: "JWT" as TokenRules["type"], maximumLifetimeMs: 3_600_000 };
    const exp = Math.floor(Date.now() / 1_000) + 3_000;
    await verify(await opened(more), await issuer.token({ ...claims(), exp }, { typ: "JWT" }));
  });
});
