import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { type Deferred, deferred } from "../testing/deferred.js";
import type { TokenSource } from "../token/token-source.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { type AuthorityTokensOptions, createAuthorityTokens } from "./authority-tokens.js";

const lifetimeMs = 600_000;

describe("tokens from the authority", () => {
  const clock = { time: 0, now: () => clock.time };
  const named = (thumbprint: string) => ({ leaf: { thumbprint }, spiffeId: { name: "caller/1" } }) as Identity;
  const me = named("one");
  const open: TokenSource[] = [];
  afterEach(() => {
    for (const tokens of open.splice(0)) tokens.close?.();
  });
  let asked: { audience: string; scopes: readonly string[] }[];
  let hold: Deferred<void> | undefined;
  let failing: Error | undefined;

  beforeEach(() => {
    clock.time = 1_000_000;
    asked = [];
    hold = failing = undefined;
  });

  const fake = {
    async issueToken(request: { audience: string; scopes: readonly string[] }) {
      asked.push(request);
      const token = `t${asked.length}`;
      await hold?.promise;
      if (failing) throw failing;
      return { token, expiresAt: new Date(clock.time + lifetimeMs), scopes: request.scopes };
    },
  } as unknown as Client<typeof AuthorityService>;
  function create(options: Partial<AuthorityTokensOptions> = {}, authority = fake): TokenSource {
    const contact = createAuthorityContact("authority:7443", clock, silentLog);
    const tokens = createAuthorityTokens(authority, clock, { identity: createObservable(me), contact, ...options });
    open.push(tokens);
    return tokens;
  }
  const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

  it("are fetched once and then at hand, without a promise", async () => {
    const tokens = create();
    assert.equal(await tokens.authorization("a", ["s:x"], me), "Bearer t1");
    assert.equal(tokens.authorization("a", ["s:x"], me), "Bearer t1");
    assert.deepEqual(asked, [{ audience: "a", scopes: ["s:x"], allowEmpty: true }]);
  });

  it("are refused where they could be no token", async () => {
    for (const token of ["", "a\r\nb: c", "\u2028", "x".repeat(16_385)]) {
      const issueToken = async () => ({ token, expiresAt: new Date(clock.time + lifetimeMs) });
      const tokens = create({}, { ...fake, issueToken } as never);
      await assert.rejects(async () => tokens.authorization("a", ["s:x"], me), {
        code: "INTERNAL",
        message: /no token/,
      });
    }
  });

  it("are fetched once for many calls that come at once", async () => {
    const tokens = create();
    hold = deferred();
    const waiting = Array.from({ length: 10 }, () => tokens.authorization("a", ["s:x"], me));
    hold.resolve();
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["Bearer t1"]));
    assert.equal(asked.length, 1);
  });

  it("are of one audience, its scopes and one certificate", async () => {
    const tokens = create();
    assert.equal(await tokens.authorization("a", ["s:x"], me), "Bearer t1");
    assert.equal(await tokens.authorization("b", ["s:x"], me), "Bearer t2");
    assert.equal(await tokens.authorization("a", ["s:y"], me), "Bearer t3");
    await assert.rejects(async () => tokens.authorization("a", ["s:x"], named("two")), /has been renewed/);
  });

  it("for a certificate that has been renewed are those that were kept, and no new ones", async () => {
    const identity = createObservable(me);
    const tokens = create({ identity });
    assert.equal(await tokens.authorization("a", [], me), "Bearer t1");
    identity.replace(named("two"));
    assert.equal(await tokens.authorization("a", [], identity.current()), "Bearer t2");
    clock.time += lifetimeMs * 0.9;
    assert.equal(tokens.authorization("a", [], me), "Bearer t1");
    assert.equal(asked.length, 2, "it is not renewed");
    await assert.rejects(async () => tokens.authorization("b", [], me), /has been renewed/);
  });

  it("are not taken where they are bound to another certificate than was meant", async () => {
    const bound = (thumbprint: string) => {
      const payload = Buffer.from(JSON.stringify({ cnf: { "x5t#S256": thumbprint } })).toString("base64url");
      return `e30.${payload}.x`;
    };
    const issuing = { issueToken: async () => ({ token: bound("two"), expiresAt: new Date(clock.time + 1e6) }) };
    const identity = createObservable(me);
    const tokens = create({ identity }, issuing as never);
    await assert.rejects(async () => tokens.authorization("a", [], me), /has been renewed/);
    identity.replace(named("two"));
    assert.equal(await tokens.authorization("a", [], identity.current()), `Bearer ${bound("two")}`);
  });

  it("are renewed at two fifths of their life, while the old one still serves", async () => {
    const tokens = create();
    await tokens.authorization("a", [], me);
    clock.time += lifetimeMs * 0.4 - 1;
    assert.equal(tokens.authorization("a", [], me), "Bearer t1");
    assert.equal(asked.length, 1);
    clock.time += 1;
    assert.equal(tokens.authorization("a", [], me), "Bearer t1");
    assert.equal(asked.length, 2);
    await turns();
    assert.equal(tokens.authorization("a", [], me), "Bearer t2");
  });

  it("are used until they expire when they cannot be renewed, and not after that", async () => {
    const tokens = create();
    await tokens.authorization("a", [], me);
    failing = new Error("the authority is away");
    clock.time += lifetimeMs * 0.9;
    for (let i = 0; i < 5; i++) {
      assert.equal(tokens.authorization("a", [], me), "Bearer t1");
      await turns();
    }
    assert.equal(asked.length, 2, "an authority that is down is not asked again by every call");
    clock.time += lifetimeMs * 0.1;
    await assert.rejects(async () => tokens.authorization("a", [], me), /the authority is away/);
    failing = undefined;
    assert.match(await tokens.authorization("a", [], me), /^Bearer t/);
  });

  it("are asked for at each of several authorities, where one is away, and once where one refuses", async () => {
    failing = new InterlockError("UNAVAILABLE", "away");
    await assert.rejects(async () => create({ authorities: 3 }).authorization("a", [], me), {
      code: "UNAVAILABLE",
      reason: "AUTHORITY_UNREACHABLE",
      message: /caller\/1 gets no token for a from the authority at authority:7443, since 1970-01-01T00:16:40.000Z/,
      metadata: { authority: "authority:7443", since: "1970-01-01T00:16:40.000Z" },
    });
    assert.equal(asked.length, 3);
    failing = new InterlockError("PERMISSION_DENIED", "no");
    await assert.rejects(async () => create({ authorities: 3 }).authorization("a", [], me), {
      code: "PERMISSION_DENIED",
      message: "no",
    });
    assert.equal(asked.length, 4);
  });

  it("are forgotten for one audience", async () => {
    const tokens = create();
    await tokens.authorization("a", [], me);
    await tokens.authorization("ab", [], me);
    tokens.forget("a");
    assert.equal(tokens.authorization("ab", [], me), "Bearer t2");
    assert.equal(await tokens.authorization("a", [], me), "Bearer t3");
  });

  it("are not brought back by a fetch that began before they were forgotten", async () => {
    const tokens = create();
    hold = deferred();
    const waiting = tokens.authorization("a", [], me);
    tokens.forget("a");
    hold.resolve();
    assert.equal(await waiting, "Bearer t1");
    assert.equal(await tokens.authorization("a", [], me), "Bearer t2");
  });

  it("that a handshake refuses keep its reason, and name the authority", async () => {
    failing = new InterlockError("UNAVAILABLE", "of no CA", { reason: "CERTIFICATE_UNTRUSTED" });
    await assert.rejects(async () => create().authorization("a", [], me), {
      reason: "CERTIFICATE_UNTRUSTED",
      message: "caller/1 gets no token for a from the authority at authority:7443: of no CA",
    });
  });

  it("that are waited for past a deadline say whether the authority is away", async () => {
    const contact = createAuthorityContact("authority:7443", clock, silentLog);
    const tokens = create({ contact });
    const late = tokens.overdue?.();
    assert.deepEqual([late?.code, late?.reason], ["DEADLINE_EXCEEDED", undefined]);
    assert.match(late?.message ?? "", /authority:7443/);
    contact.missed(new InterlockError("UNAVAILABLE", "refused"));
    assert.deepEqual([tokens.overdue?.().code, tokens.overdue?.().reason], ["UNAVAILABLE", "AUTHORITY_UNREACHABLE"]);
  });
});
