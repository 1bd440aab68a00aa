import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { JWK } from "jose";
import { shownToken } from "../admission/shown-token.js";
import { InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { tokenAttacks } from "../testing/token-attacks.js";
import { bearerToken } from "./authorization.js";
import { authorityTokens } from "./token-rules.js";
import { unsafeVerifyUnbound, verifyToken } from "./verify-token.js";

describe("verifyToken", () => {
  let fleet: TestFleet;
  let caller: Identity;
  const now = Math.floor(Date.now() / 1_000) * 1_000;

  before(async () => {
    fleet = await createTestFleet();
    caller = await fleet.ca.issue("spiffe://test/caller/1");
  });

  const good = (claims: object = {}, header: object = {}) =>
    fleet.token(caller, EchoService.name, ["echo:call"], claims, header);
  const verify = (token: string, at = Date.now()) =>
    verifyToken(token, { trust: fleet.trust.state, spiffeId: caller.spiffeId, certificate: caller.leaf, now: at });

  it("gives what is known of a good token", async () => {
    const exp = now / 1_000 + 60;
    const claims = { jti: "a", exp, iat: exp - 60, aud: ["a.B", "c.D"], scope: " a:b  c:d ", grants_version: 7 };
    assert.deepEqual(await verify(await good(claims), now), {
      jti: "a",
      subject: caller.spiffeId,
      name: "caller/1",
      actors: [],
      ancestors: [],
      thumbprint: caller.leaf.thumbprint,
      key: fleet.trust.state.jwks.keys[0],
      audiences: new Set(["a.B", "c.D"]),
      scopes: new Set(["a:b", "c:d"]),
      narrowed: new Map(),
      grantsVersion: 7,
      issuedAt: (exp - 60) * 1_000,
      expiresAt: exp * 1_000,
    });
  });

  it("takes a scope, or a version of the grants, of a wrong type for none", async () => {
    for (const scope of [["a:b"], 1, null, undefined]) {
      assert.equal((await verify(await good({ scope }))).scopes.size, 0);
    }
    for (const grants_version of ["7", 1.5, null, undefined]) {
      assert.equal((await verify(await good({ grants_version }))).grantsVersion, 0);
    }
  });

  it("takes the type in any case", async () => {
    assert.ok(await verify(await good({}, { typ: "AT+JWT" })));
  });

  for (const { row, attack, reason, make } of tokenAttacks) {
    if (reason === "TOKEN_AUDIENCE") continue; // It is compared with the service called, on every call.
    it(`row ${row}: ${attack}`, async () => {
      const authorization = await make({ fleet, caller, url: "http://127.0.0.1:1" });
      await assert.rejects(
        async () => {
          const shown = authorization === undefined ? [] : [authorization];
          return verify(bearerToken(shownToken({ authorization: shown, references: [] })));
        },
        (error) => {
          assert.ok(error instanceof InterlockError);
          assert.equal(error.reason, reason);
          assert.equal(error.code, "UNAUTHENTICATED");
          return true;
        },
      );
    });
  }

  it("reads 8,192 characters, and no more", async () => {
    const { length } = await good({ pad: "" }, { pad: "" });
    // Three bytes are four characters of the token, and which lengths come up depends on both parts.
    const pad = "a".repeat(Math.floor(((8_186 - length) * 3) / 4));
    const sizes = Array.from({ length: 24 }, (_, i) => [i % 6, Math.floor(i / 6)] as const);
    const tokens = await Promise.all(sizes.map(([a, b]) => good({ pad: pad + "a".repeat(a) }, { pad: "a".repeat(b) })));
    const lengths = new Set(tokens.map((token) => token.length));
    assert.ok(lengths.has(8_192), [...lengths].join());
    for (const token of tokens) {
      if (token.length <= 8_192) assert.ok(await verify(token));
      else await assert.rejects(verify(token), /longer than 8192 characters/);
    }
  });

  it("says what it is that it does not accept", async () => {
    await assert.rejects(verify(await good({}, { jku: "x" })), /"jku" is not accepted/);
    await assert.rejects(verify(await good({}, { kid: undefined })), /there is no "kid"/);
    await assert.rejects(verify("a.b.c"), { message: "The token is no signed JWT, or it lacks a required claim." });
    await assert.rejects(verify(await good({ iss: "x" })), { message: "The token is from another issuer." });
  });

  describe("with which another acts", () => {
    const acting = (claims: object) =>
      good({
        sub: "spiffe://test/leader/1",
        act: { sub: caller.spiffeId.uri, act: { sub: "spiffe://test/b" } },
        ...claims,
      });

    it("is the subject's, and its actors' in their order", async () => {
      const { subject, name, actors, ancestors } = await verify(await acting({ exchanged_from: ["t1", "t2"] }));
      assert.deepEqual([subject.uri, name], ["spiffe://test/leader/1", "leader/1"]);
      assert.deepEqual(
        actors.map(({ uri }) => uri),
        [caller.spiffeId.uri, "spiffe://test/b"],
      );
      assert.deepEqual(ancestors, ["t1", "t2"]);
    });

    for (const [what, claims, reason, message] of [
      ["for another to act with", { act: { sub: "spiffe://test/b" } }, "TOKEN_ACTOR_MISMATCH", /./],
      ["with a jti that is a number", { jti: 1 }, "TOKEN_MALFORMED", /"jti" is no text$/],
      ["exchanged from what is no list", { exchanged_from: "t1" }, "TOKEN_MALFORMED", /"exchanged_from" is no list$/],
      ["exchanged from a number", { exchanged_from: [1] }, "TOKEN_MALFORMED", /"jti" is no text$/],
      ["of another fleet's bot", { sub: "spiffe://other/a" }, "TOKEN_MALFORMED", /"sub" is no bot of this fleet$/],
      ["bound to the empty text", { cnf: { "x5t#S256": "" } }, "TOKEN_BINDING_MISMATCH", /./],
      ["bound to a number", { cnf: { "x5t#S256": 1 } }, "TOKEN_BINDING_MISMATCH", /./],
    ] as const) {
      it(`is refused: ${what}`, async () => {
        await assert.rejects(verify(await acting(claims)), { reason, message });
        // It is no good for an authority either, which is asked about tokens of others.
        const basis = { trust: fleet.trust.state, now: Date.now() };
        const unbound = async () => unsafeVerifyUnbound(await acting(claims), basis);
        if (reason === "TOKEN_ACTOR_MISMATCH") assert.ok(await unbound());
        else await assert.rejects(unbound, { reason, message });
      });
    }
  });

  it("of another issuer name no actors, no delegation, and no operator that has approved the call", async () => {
    const tokenRules = { ...authorityTokens, maximumLifetimeMs: 600_000 };
    const basis = { trust: { ...fleet.trust.state, tokenRules }, spiffeId: caller.spiffeId, certificate: caller.leaf };
    const claims = { exp: Math.floor(Date.now() / 1_000) + 500 };
    assert.ok(await verifyToken(await good(claims), { ...basis, now: Date.now() }));
    const act = { sub: caller.spiffeId.uri };
    for (const more of [{ act }, { delegation: "d" }, { approval: { id: "a", request: "r" } }]) {
      await assert.rejects(verifyToken(await good({ ...claims, ...more }), { ...basis, now: Date.now() }), {
        reason: "TOKEN_MALFORMED",
        message: new RegExp(`"${Object.keys(more)[0]}" is not for this issuer to say$`),
      });
    }
  });

  describe("at the edge of time", () => {
    const seconds = now / 1_000;
    const refused = (token: string, at: number, reason: string) => assert.rejects(verify(token, at), { reason });

    it("is good until its last millisecond", async () => {
      const token = await good({ iat: seconds - 200, exp: seconds });
      await refused(token, now, "TOKEN_EXPIRED");
      assert.ok(await verify(token, now - 1));
    });

    it("lives ten minutes, and not a second more", async () => {
      assert.ok(await verify(await good({ iat: seconds, exp: seconds + 600 }), now));
      await refused(await good({ iat: seconds, exp: seconds + 601 }), now, "TOKEN_LIFETIME");
      await refused(await good({ iat: seconds, exp: seconds }), now, "TOKEN_LIFETIME");
    });

    for (const claim of ["iat", "nbf"]) {
      it(`may have its ${claim} 60 s ahead of our clock`, async () => {
        const token = await good({ iat: seconds, exp: seconds + 60, [claim]: seconds });
        assert.ok(await verify(token, now - 60_000));
        await refused(token, now - 60_001, "TOKEN_NOT_YET_VALID");
        const named = { message: /it begins at .*, and the clock of this machine says .*: set the clocks/ };
        await assert.rejects(verify(token, now - 90_000), named);
        await assert.rejects(verify(token, now + 90_000), { message: /it ended at .*, and the clock of this machine/ });
      });
    }
  });

  it("may have its type in full, and in any case (RFC 9068, section 2.1; RFC 7515, section 4.1.9)", async () => {
    for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"]) {
      assert.ok(await verify(await good({}, { typ })), typ);
    }
  });

  describe("with several keys", () => {
    const signedWith = async (key: KeyObject, header: object) => {
      const [, body] = (await good()).split(".");
      const head = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", ...header })).toString("base64url");
      const signature = sign("sha256", Buffer.from(`${head}.${body}`), { key, dsaEncoding: "ieee-p1363" });
      return `${head}.${body}.${signature.toString("base64url")}`;
    };
    const withKey = (...jwks: readonly object[]) => {
      const { state } = fleet.trust;
      const keys = [...state.jwks.keys, ...(jwks as JWK[])];
      const expectation = { spiffeId: caller.spiffeId, certificate: caller.leaf, now: Date.now() };
      return { ...expectation, trust: { ...state, jwks: { keys } } };
    };

    it("takes the one that is named, and no other", async () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const expectation = withKey({ ...publicKey.export({ format: "jwk" }), kid: "key-2" });
      assert.equal((await verifyToken(await signedWith(privateKey, { kid: "key-2" }), expectation)).key.kid, "key-2");
      await assert.rejects(verifyToken(await signedWith(privateKey, { kid: "key-1" }), expectation), {
        reason: "TOKEN_SIGNATURE",
      });
    });

    it("takes none of another kind", async () => {
      const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
      for (const { publicKey, privateKey } of [rsa, p384]) {
        const expectation = withKey({ ...publicKey.export({ format: "jwk" }), kid: "key-2" });
        const token = await signedWith(privateKey, { kid: "key-2" });
        await assert.rejects(verifyToken(token, expectation), { reason: "TOKEN_KEY_UNKNOWN" });
      }
      const zero = Buffer.alloc(32).toString("base64url"); // Of full size, and not on the curve.
      const broken = withKey({ kty: "EC", crv: "P-256", x: zero, y: zero, kid: "key-2" });
      const token = await signedWith(p384.privateKey, { kid: "key-2" });
      await assert.rejects(verifyToken(token, broken), { reason: "TOKEN_MALFORMED" });
    });

    it("finds the one that fits among those of one kid, also of one kind, up to 4", async () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const kid = "key-2";
      const mine = { ...publicKey.export({ format: "jwk" }), kid };
      const rsa = { ...generateKeyPairSync("rsa", { modulusLength: 2_048 }).publicKey.export({ format: "jwk" }), kid };
      const others = Array.from({ length: 4 }, () => {
        const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
        return { ...other.publicKey.export({ format: "jwk" }), kid };
      });
      const token = await signedWith(privateKey, { kid });
      for (const keys of [
        [rsa, mine],
        [mine, rsa],
        [...others.slice(1), mine],
      ]) {
        assert.equal((await verifyToken(token, withKey(...keys))).key, mine);
      }
      await assert.rejects(verifyToken(token, withKey(...others, mine)), { reason: "TOKEN_SIGNATURE" });
      await assert.rejects(verifyToken(token, withKey(rsa)), { reason: "TOKEN_KEY_UNKNOWN" });
    });
  });
});
