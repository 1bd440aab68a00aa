import assert from "node:assert/strict";
import { denial, type InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { referenceTo } from "../token/reference.js";
import type { Attempt } from "./attempt.js";
import { createAuthenticate } from "./authenticate.js";
import type { Bearer } from "./bearer.js";
import { bearerFault } from "./bearer-fault.js";
import type { Connection } from "./connection.js";
import { createIdentify } from "./identify.js";

describe("on a connection", () => {
  let fleet: TestFleet;
  let caller: Identity;
  let connection: Connection & { clearedBy: unknown; ended: InterlockError | undefined };
  let now: number;

  beforeEach(async () => {
    now = Date.now(); // A suite may take a minute to come to it.
    fleet = await createTestFleet();
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    connection = {
      peer: caller.spiffeId,
      certificate: caller.leaf,
      address: "127.0.0.1:1",
      bearers: new Map(),
      latest: undefined,
      clearedBy: undefined,
      ended: undefined,
    } as unknown as typeof connection;
  });

  function attempt(token?: string, at = now): Attempt {
    const authorization = token === undefined ? [] : [`Bearer ${token}`];
    const { echo: method } = EchoService.methods;
    return { service: EchoService.name, method, connection, authorization, references: [], now: at };
  }
  const tokenOf = (claims: object = {}, audience = EchoService.name) =>
    fleet.token(caller, audience, ["echo:call"], claims);

  describe("authenticate", () => {
    it("verifies a token once, however many calls come with it at once, and then looks it up", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const token = await tokenOf();
      const both = [authenticate(attempt(token)), authenticate(attempt(token))];
      const [one, two] = await Promise.all(both);
      assert.equal(one, two);
      assert.equal(connection.bearers.size, 2, "by its text and by its reference");
      assert.equal(authenticate(attempt(token)), one, "it is known, so nothing is to be waited for");
      assert.deepEqual(one?.caller, {
        spiffeId: caller.spiffeId,
        name: "caller/1",
        actors: [],
        scopes: new Set(["echo:call"]),
        certificate: caller.leaf,
        address: "127.0.0.1:1",
      });
    });

    it("goes from one known token to another", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const tokens = [await tokenOf(), await tokenOf()];
      const bearers = await Promise.all(tokens.map((token) => authenticate(attempt(token))));
      for (const i of [0, 1, 1, 0]) assert.equal(authenticate(attempt(tokens[i])), bearers[i]);
    });

    it("keeps sixty-four, and forgets the oldest", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const tokens = await Promise.all(Array.from({ length: 65 }, () => tokenOf()));
      for (const token of tokens.slice(0, 64)) await authenticate(attempt(token));
      assert.equal(connection.bearers.size, 2 * 64);
      assert.ok(connection.bearers.has(`Bearer ${tokens[0]}`));
      await authenticate(attempt(tokens[64]));
      assert.equal(connection.bearers.size, 2 * 64);
      assert.ok(!connection.bearers.has(`Bearer ${tokens[0]}`));
      assert.ok(connection.bearers.has(`Bearer ${tokens[1]}`));
    });

    it("keeps nothing of a token that is no good, and verifies it again", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const good = await tokenOf();
      const bad = `${good.slice(0, -4)}AAAA`;
      for (let i = 0; i < 2; i++) {
        await assert.rejects(async () => authenticate(attempt(bad)), { reason: "TOKEN_SIGNATURE" });
      }
      assert.equal(connection.bearers.size, 0);
      await assert.rejects(async () => authenticate(attempt()), { reason: "TOKEN_MISSING" });
    });

    it("refuses a reference to what was not shown, and takes one to what was", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const token = await tokenOf();
      const referring = { ...attempt(), references: [referenceTo(`Bearer ${token}`)] };
      await assert.rejects(async () => authenticate(referring), { reason: "TOKEN_NOT_SHOWN" });
      assert.equal(await authenticate(attempt(token)), authenticate(referring));
    });

    it("looks at fifty bad tokens of a bot; those that show it in their form cost nothing", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const good = await tokenOf();
      const refused = (value: string) =>
        Promise.resolve()
          .then(() => authenticate({ ...attempt(), authorization: [value] }))
          .then(
            () => "",
            ({ reason }: InterlockError) => reason,
          );
      const [header = "", claims = "", signature = ""] = good.split(".");
      const headed = (change: object) => {
        const text = JSON.stringify({ ...JSON.parse(Buffer.from(header, "base64url").toString()), ...change });
        return `Bearer ${Buffer.from(text).toString("base64url")}.${claims}.${signature}`;
      };
      const cheap = {
        TOKEN_NOT_BEARER: `Basic ${good}`,
        TOKEN_ALGORITHM: headed({ alg: "none" }),
        TOKEN_HEADER: headed({ jku: "https://evil.example" }),
        TOKEN_TYPE: headed({ typ: "JWT" }),
        TOKEN_KEY_UNKNOWN: headed({ kid: "unknown" }),
      };
      for (const [reason, value] of Object.entries(cheap)) {
        for (let i = 0; i < 60; i++) assert.equal(await refused(value), reason);
      }
      const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
      for (let i = 0; i < 50; i++)
        assert.equal(await refused(`Bearer ${header}.${claims}.${flipped}`), "TOKEN_SIGNATURE");
      assert.equal(await refused(`Bearer ${header}.${claims}.${flipped}`), "RATE_LIMITED");
    });

    it("refuses a token for another service on every call, and says for which it is", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const token = await fleet.token(caller, EchoService.name, [], { aud: ["a.B", "c.D"] });
      for (let i = 0; i < 2; i++) {
        await assert.rejects(async () => authenticate(attempt(token)), {
          reason: "TOKEN_AUDIENCE",
          metadata: { needed: EchoService.name, held: "a.B c.D" },
        });
      }
    });

    it("refuses a known token from the moment at which it runs out", async () => {
      const { authenticate } = createAuthenticate(fleet.trust);
      const token = await tokenOf();
      const { token: verified } = await authenticate(attempt(token));
      assert.ok(authenticate(attempt(token, verified.expiresAt - 1)));
      assert.throws(() => authenticate(attempt(token, verified.expiresAt)), { reason: "TOKEN_EXPIRED" });
    });

    it("remembers the token of a call that needs none, and does nothing where there is none, or it is known", async () => {
      const { remember, authenticate } = createAuthenticate(fleet.trust);
      assert.equal(remember(attempt()), undefined);
      const token = await tokenOf();
      await remember(attempt(token));
      const [bearer] = connection.bearers.values();
      assert.equal(remember(attempt(token)), undefined);
      assert.equal(authenticate(attempt(token)), bearer);
      await assert.rejects(async () => remember(attempt("worthless")), { reason: "TOKEN_MALFORMED" });
    });
  });

  describe("token faults", () => {
    const bearerOf = async (claims: object = {}) => {
      connection.bearers.clear();
      return createAuthenticate(fleet.trust).authenticate(attempt(await tokenOf(claims)));
    };
    const change = (more: object) => {
      const { state } = fleet.trust;
      fleet.trust.replace({ ...state, version: state.version + 1n, ...more });
    };
    const fault = (bearer: Bearer, at = now) => bearerFault(bearer, fleet.trust, at);

    it("none; and nothing is looked up again until the trust has changed", async () => {
      const bearer = await bearerOf({ jti: "a" });
      assert.equal(fault(bearer), undefined);
      assert.equal(bearer.clearedBy, fleet.trust.state);
      let asked = 0;
      const trust = { state: fleet.trust.state, tokenRevoked: () => asked++ > 0 };
      assert.equal(bearerFault(bearer, trust as never, now), undefined);
      assert.equal(asked, 0);
    });

    it("expiry, revocation, a scope taken away, a key withdrawn: each by its name", async () => {
      const bearer = await bearerOf({ jti: "a", grants_version: 1 });
      assert.equal(fault(bearer, bearer.token.expiresAt), "TOKEN_EXPIRED");
      const { state } = fleet.trust;
      fleet.revoke("token", "a");
      assert.equal(fault(bearer), "TOKEN_REVOKED");
      assert.equal(fault(bearer), "TOKEN_REVOKED", "it was cleared by having been looked at");
      change({ revocations: [] });
      assert.equal(fault(bearer), undefined);
      const cutOff = { identity: "**", service: "", scope: "", grantsVersion: 2, except: [] };
      change({ cutOffs: [cutOff] });
      assert.equal(fault(bearer), "TOKEN_OUTDATED");
      change({ cutOffs: [], jwks: { keys: [{ ...state.jwks.keys[0], kid: "key-2" }] } });
      assert.equal(fault(bearer), "TOKEN_KEY_UNKNOWN");
      change({ jwks: { keys: [{ kid: "key-0" }, ...state.jwks.keys] } });
      assert.equal(fault(bearer), undefined);
    });
  });

  describe("identify", () => {
    it("lets a peer through whose certificate is valid and not revoked, and looks again when the trust has changed", () => {
      const identify = createIdentify(fleet.trust);
      identify(attempt());
      assert.equal(connection.clearedBy, fleet.trust.state);
      let asked = 0;
      const trust = { state: fleet.trust.state, peerRevoked: () => asked++ };
      createIdentify(trust as never)(attempt());
      assert.equal(asked, 0);
      fleet.revoke("certificate", caller.leaf.serial);
      for (let i = 0; i < 2; i++) assert.throws(() => identify(attempt()), { reason: "CERTIFICATE_REVOKED" });
    });

    it("refuses a certificate from the moment at which it runs out", () => {
      const identify = createIdentify(fleet.trust);
      identify(attempt(undefined, caller.leaf.notAfter - 1));
      assert.throws(() => identify(attempt(undefined, caller.leaf.notAfter)), { reason: "CERTIFICATE_EXPIRED" });
    });

    it("refuses with the very reason for which the connection was cut", () => {
      const ended = denial("RATE_LIMITED");
      connection.ended = ended;
      assert.throws(
        () => createIdentify(fleet.trust)(attempt()),
        (error) => error === ended,
      );
    });
  });
});
