import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKeyInput, sign } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Identity } from "../identity/identity.js";
import type { Reason } from "../reason.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { verifyToken } from "../token/verify-token.js";

const { path } = EchoService.methods.echo;
const audience = EchoService.name;
// Now, when a test runs: a suite may take a minute to come to it.
const seconds = () => Math.floor(Date.now() / 1_000);

describe("tokens", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let caller: Identity;
  let session: ClientHttp2Session;

  before(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    session = rawSession(server.port, shows(caller));
  });
  beforeEach(async () => {
    await server.goodCall();
    server.denials.length = server.handled.length = 0;
  });
  after(async () => {
    session.destroy();
    await server.bot.close(0);
  });

  const good = (claims: object = {}, header: object = {}) =>
    fleet.token(caller, audience, ["echo:call"], claims, header);

  /** Calls with what an attacker sends: 16, the reason, and a handler that never ran. */
  async function assertRefused(authorization: string | undefined, reason: Reason): Promise<void> {
    const control = await rawCall(session, path, { authorization: `Bearer ${await good()}` });
    assert.equal(control.status, 0);
    const answer = await rawCall(session, path, authorization === undefined ? {} : { authorization });
    assert.equal(answer.status, 16, `answered ${JSON.stringify(answer)}`);
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo", "echo"]);
    assert.deepEqual(
      server.denials.map((denial) => [denial.reason, denial.method, denial.caller]),
      [[reason, path, "spiffe://test/caller/1"]],
    );
    const told = JSON.stringify([answer, server.denials]);
    if (authorization && authorization.length > 30)
      assert.ok(!told.includes(authorization.slice(-20)), "the token is told");
  }

  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  /** A token put together by hand: `forge` signs what stands before the last dot. */
  async function forged(header: object, forge: (input: string) => string, claims: object = {}): Promise<string> {
    const [, payload = ""] = (await good()).split(".");
    const body = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), ...claims };
    const input = `${part({ alg: "ES256", typ: "at+jwt", kid: "key-1", ...header })}.${part(body)}`;
    return `Bearer ${input}.${forge(input)}`;
  }
  const authorityKey = () => createPublicKey({ key: fleet.trust.state.jwks.keys[0], format: "jwk" } as JsonWebKeyInput);
  const hmac = (key: string | Buffer) => (input: string) => createHmac("sha256", key).update(input).digest("base64url");

  describe("row 16: the authorization metadata", () => {
    it("missing", () => assertRefused(undefined, "TOKEN_MISSING"));
    it("Basic", () => assertRefused("Basic Y2FsbGVyOnNlY3JldA==", "TOKEN_NOT_BEARER"));
    it("a bare token", async () => assertRefused(await good(), "TOKEN_NOT_BEARER"));
    it("two tokens in one value", async () =>
      assertRefused(`Bearer ${await good()}, Bearer ${await good()}`, "TOKEN_NOT_BEARER"));
    it("empty", () => assertRefused("Bearer", "TOKEN_NOT_BEARER"));
    it("no JWT", () => assertRefused("Bearer abc", "TOKEN_MALFORMED"));
    it("four parts", async () => assertRefused(`Bearer ${await good()}.e30`, "TOKEN_MALFORMED"));
    it("longer than any token of ours", async () =>
      assertRefused(`Bearer ${await good({ pad: "a".repeat(9_000) })}`, "TOKEN_MALFORMED"));
  });

  describe("row 17: algorithms", () => {
    it("none", async () => assertRefused(await forged({ alg: "none" }, () => ""), "TOKEN_ALGORITHM"));
    it("HS256, keyed with the public key", async () => {
      for (const type of ["spki", "jwk"] as const) {
        const key =
          type === "spki"
            ? authorityKey().export({ type, format: "pem" })
            : JSON.stringify(authorityKey().export({ format: "jwk" }));
        server.denials.length = server.handled.length = 0;
        await assertRefused(await forged({ alg: "HS256" }, hmac(key as string)), "TOKEN_ALGORITHM");
      }
    });
    it("ES256 said, RSA signed", async () => {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const rsa = (input: string) => sign("sha256", Buffer.from(input), privateKey).toString("base64url");
      await assertRefused(await forged({}, rsa), "TOKEN_SIGNATURE");
    });
    it("ES256 with a key of one's own", async () => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const own = (input: string) =>
        sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
      await assertRefused(await forged({}, own), "TOKEN_SIGNATURE");
    });
    it("an all-zero signature (CVE-2022-21449)", async () =>
      assertRefused(await forged({}, () => Buffer.alloc(64).toString("base64url")), "TOKEN_SIGNATURE"));
    it("no signature", async () => assertRefused(await forged({}, () => ""), "TOKEN_SIGNATURE"));
    it("a good signature under other claims", async () => {
      const signature = (await good()).split(".")[2] ?? "";
      await assertRefused(await forged({}, () => signature, { scope: "echo:call admin:all" }), "TOKEN_SIGNATURE");
    });
  });

  describe("row 18: headers that bring a key, or a rule, of their own", () => {
    let requests = 0;
    const web = createHttpServer((_request, response) => {
      requests++;
      response.end("{}");
    });
    before((done) => void web.listen(0, "127.0.0.1", done));
    after(() => void web.close());
    for (const name of ["jwk", "jku", "x5u", "x5c"]) {
      it(name, async () => {
        const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/jwks`;
        const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        const value = { jwk: publicKey.export({ format: "jwk" }), jku: url, x5u: url, x5c: ["MII="] }[name];
        const own = (input: string) =>
          sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
        await assertRefused(await forged({ [name]: value }, own), "TOKEN_HEADER");
        assert.equal(requests, 0, "a request was steered from outside");
        server.denials.length = server.handled.length = 0;
        await assertRefused(`Bearer ${await good({}, { [name]: value })}`, "TOKEN_HEADER");
      });
    }
    it("crit", async () => assertRefused(await forged({ crit: ["exp"], exp: 1 }, () => "AAAA"), "TOKEN_HEADER"));
    for (const [what, header, reason] of [
      ["alg", { alg: ["ES256"] }, "TOKEN_ALGORITHM"],
      ["kid", { kid: 1 }, "TOKEN_MALFORMED"],
      ["typ", { typ: 1 }, "TOKEN_TYPE"],
      ["typ", { typ: { toString: "at+jwt" } }, "TOKEN_TYPE"],
    ] as const) {
      it(`${what} of the wrong type`, async () => assertRefused(await forged(header, () => "AAAA"), reason));
    }
    it("no kid", async () => assertRefused(`Bearer ${await good({}, { kid: undefined })}`, "TOKEN_MALFORMED"));
    it("row 22: an unknown kid", async () =>
      assertRefused(`Bearer ${await good({}, { kid: "key-2" })}`, "TOKEN_KEY_UNKNOWN"));
  });

  const claims: [string, object | (() => object), object, Reason][] = [
    ["row 19: another issuer", { iss: "https://evil" }, {}, "TOKEN_ISSUER"],
    ["row 19: no issuer", { iss: undefined }, {}, "TOKEN_MALFORMED"],
    ["row 19: another audience", { aud: "test.OtherService" }, {}, "TOKEN_AUDIENCE"],
    ["row 19: an audience that only begins like ours", { aud: "test.EchoServiceX" }, {}, "TOKEN_AUDIENCE"],
    ["row 19: no audience", { aud: undefined }, {}, "TOKEN_MALFORMED"],
    ["row 19: an ID token", {}, { typ: "JWT" }, "TOKEN_TYPE"],
    ["row 19: no type", {}, { typ: undefined }, "TOKEN_TYPE"],
    ["row 20: expired", () => ({ iat: seconds() - 200, exp: seconds() - 1 }), {}, "TOKEN_EXPIRED"],
    ["row 20: no exp", { exp: undefined }, {}, "TOKEN_MALFORMED"],
    ["row 20: no iat", { iat: undefined }, {}, "TOKEN_MALFORMED"],
    ["row 20: an exp that is text", { exp: "tomorrow" }, {}, "TOKEN_MALFORMED"],
    ["row 20: nbf in the future", () => ({ nbf: seconds() + 60 }), {}, "TOKEN_NOT_YET_VALID"],
    ["row 20: iat in the future", () => ({ iat: seconds() + 60, exp: seconds() + 120 }), {}, "TOKEN_NOT_YET_VALID"],
    ["row 20: a life over five minutes", () => ({ exp: seconds() + 3_600 }), {}, "TOKEN_LIFETIME"],
    [
      "row 20: a life that ends before it begins",
      () => ({ iat: seconds() + 100, exp: seconds() + 50 }),
      {},
      "TOKEN_LIFETIME",
    ],
    ["row 21: another bot's sub", { sub: "spiffe://test/admin" }, {}, "TOKEN_SUBJECT_MISMATCH"],
    ["row 21: no sub", { sub: undefined }, {}, "TOKEN_MALFORMED"],
    ["row 21: no cnf", { cnf: undefined }, {}, "TOKEN_MALFORMED"],
    ["row 21: an empty cnf", { cnf: {} }, {}, "TOKEN_BINDING_MISMATCH"],
    ["row 21: cnf null", { cnf: null }, {}, "TOKEN_BINDING_MISMATCH"],
    ["row 21: an empty thumbprint", { cnf: { "x5t#S256": "" } }, {}, "TOKEN_BINDING_MISMATCH"],
    ["row 21: a jkt beside no thumbprint", { cnf: { jkt: "abc" } }, {}, "TOKEN_BINDING_MISMATCH"],
    ["no jti", { jti: undefined }, {}, "TOKEN_MALFORMED"],
  ];
  for (const [name, claim, header, reason] of claims) {
    it(name, async () =>
      assertRefused(`Bearer ${await good(typeof claim === "function" ? claim() : claim, header)}`, reason),
    );
  }

  it("row 20: a token that has expired is not verified, whoever asks", async () => {
    const now = seconds();
    const { spiffeId, leaf: certificate } = caller;
    const expectation = { trust: fleet.trust.state, spiffeId, certificate, now: now * 1_000 };
    const token = await good({ iat: now - 200, exp: now });
    await assert.rejects(verifyToken(token, expectation), { reason: "TOKEN_EXPIRED" });
    assert.ok(await verifyToken(token, { ...expectation, now: now * 1_000 - 1 }));
  });

  it("row 17: of two keys the one that is named, and no other", async () => {
    const { state } = fleet.trust;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const second = { ...publicKey.export({ format: "jwk" }), kid: "key-2" };
    const jwks = { keys: [...state.jwks.keys, second as (typeof state.jwks.keys)[number]] };
    fleet.trust.replace({ ...state, version: state.version + 1n, jwks });
    const own = (input: string) =>
      sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
    const control = await rawCall(session, path, { authorization: await forged({ kid: "key-2" }, own) });
    assert.equal(control.status, 0);
    server.handled.length = 0;
    await assertRefused(await forged({ kid: "key-1" }, own), "TOKEN_SIGNATURE");
    fleet.trust.replace({ ...state, version: state.version + 2n });
  });

  it("row 21: the thumbprint in hex", async () => {
    const hex = Buffer.from(caller.leaf.thumbprint, "base64url").toString("hex");
    await assertRefused(`Bearer ${await good({ cnf: { "x5t#S256": hex } })}`, "TOKEN_BINDING_MISMATCH");
  });

  it("row 21: another bot's token", async () => {
    const other = await fleet.ca.issue("spiffe://test/other/1");
    await assertRefused(`Bearer ${await fleet.token(other, audience, ["echo:call"])}`, "TOKEN_SUBJECT_MISMATCH");
  });

  it("row 21: a token for another certificate of the same bot", async () => {
    const renewed = await fleet.ca.issue("spiffe://test/caller/1");
    await assertRefused(`Bearer ${await fleet.token(renewed, audience, ["echo:call"])}`, "TOKEN_BINDING_MISMATCH");
  });

  it("row 21: a token that was verified on its owner's connection is no better on another", async () => {
    const owner = await fleet.ca.issue("spiffe://test/owner/1");
    const authorization = `Bearer ${await fleet.token(owner, audience, ["echo:call"])}`;
    const owned = rawSession(server.port, shows(owner));
    assert.equal((await rawCall(owned, path, { authorization })).status, 0);
    server.handled.length = 0;
    await assertRefused(authorization, "TOKEN_SUBJECT_MISMATCH");
    owned.destroy();
  });

  it("row 20: a token that runs out is refused where it was good before", async () => {
    const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
    const late = await createTestFleet(clock);
    const echo = await serveEcho(late);
    const identity = await late.ca.issue("spiffe://test/caller/1");
    const connection = rawSession(echo.port, shows(identity));
    const authorization = `Bearer ${await late.token(identity, audience, ["echo:call"])}`;
    assert.equal((await rawCall(connection, path, { authorization })).status, 0);
    clock.ahead = 301_000;
    assert.equal((await rawCall(connection, path, { authorization })).status, 16);
    assert.deepEqual(
      echo.denials.map(({ reason }) => reason),
      ["TOKEN_EXPIRED"],
    );
    assert.equal(echo.handled.length, 1);
    connection.destroy();
    await echo.bot.close(0);
  });

  describe("row 23: revoked", () => {
    it("a token that was good on this connection a moment ago", async () => {
      const authorization = `Bearer ${await good({ jti: "stolen" })}`;
      assert.equal((await rawCall(session, path, { authorization })).status, 0);
      server.handled.length = 0;
      fleet.revoke("token", "stolen");
      await assertRefused(authorization, "TOKEN_REVOKED");
    });

    it("a token that is new here", async () => {
      fleet.revoke("token", "never seen");
      await assertRefused(`Bearer ${await good({ jti: "never seen" })}`, "TOKEN_REVOKED");
    });

    it("the key that signed the token is withdrawn", async () => {
      const authorization = `Bearer ${await good()}`;
      assert.equal((await rawCall(session, path, { authorization })).status, 0);
      server.handled.length = 0;
      const { state } = fleet.trust;
      fleet.trust.replace({ ...state, version: state.version + 1n, jwks: { keys: [] } });
      assert.equal((await rawCall(session, path, { authorization })).status, 16);
      assert.equal((await rawCall(session, path, { authorization: `Bearer ${await good()}` })).status, 16);
      assert.deepEqual(
        server.denials.map(({ reason }) => reason),
        ["TOKEN_KEY_UNKNOWN", "TOKEN_KEY_UNKNOWN"],
      );
      assert.deepEqual(server.handled, []);
      fleet.trust.replace({ ...state, version: state.version + 2n });
      await server.goodCall();
    });

    for (const kind of ["identity", "token"] as const) {
      it(`an ${kind === "identity" ? "identity" : "access token"} while its token is being verified`, async () => {
        const identity = await fleet.ca.issue(`spiffe://test/racer/${kind}`);
        const connection = rawSession(server.port, shows(identity));
        const token = await fleet.token(identity, audience, ["echo:call"], { jti: "racer" });
        await rawCall(connection, EchoService.methods.open.path);
        server.handled.length = 0;
        // The revocation is applied as soon as the call is there, and verification takes longer than that.
        const { connection: seen } = await firstAttempt(connection, token, () =>
          fleet.revoke(kind, kind === "identity" ? identity.spiffeId.uri : "racer"),
        );
        assert.notEqual(seen.status, 0);
        await server.goodCall();
        assert.deepEqual(server.handled, ["echo"]);
        connection.destroy();
      });
    }

    /** Calls, and does `meanwhile` in the turn in which the server has read the call. */
    async function firstAttempt(connection: ClientHttp2Session, token: string, meanwhile: () => void) {
      const jwks = fleet.trust.state.jwks;
      const { keys } = jwks;
      let done = false;
      Object.defineProperty(jwks, "keys", {
        configurable: true,
        get() {
          if (!done) {
            done = true;
            queueMicrotask(meanwhile);
          }
          return keys;
        },
      });
      const answer = await rawCall(connection, path, { authorization: `Bearer ${token}` });
      Object.defineProperty(jwks, "keys", { value: keys, writable: true, configurable: true, enumerable: true });
      assert.ok(done, "verification has begun");
      return { connection: answer };
    }
  });

  it("a handler does not see the token", async () => {
    const seen: unknown[] = [];
    const other = await serveEcho(fleet, {
      echo(_request, { metadata }) {
        seen.push(metadata.getMap());
        return {};
      },
    });
    const connection = rawSession(other.port, shows(caller));
    const headers = { authorization: `Bearer ${await good()}`, "x-kept": "1" };
    assert.equal((await rawCall(connection, path, headers)).status, 0);
    assert.equal((await rawCall(connection, path, headers)).status, 0);
    assert.ok(
      seen.every((map) => !Object.hasOwn(map as object, "authorization") && Object.hasOwn(map as object, "x-kept")),
    );
    connection.destroy();
    await other.bot.close(0);
  });
});
