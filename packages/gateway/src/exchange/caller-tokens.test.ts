import assert from "node:assert/strict";
import { type Identity, InterlockError, type Trust } from "@interlock/bot";
import type { Bearer } from "@interlock/bot/internal";
import { createCallerTokens, type ExchangeToken } from "./caller-tokens.js";

const audience = "a.B";
const identity = { leaf: { thumbprint: "one" } } as Identity;

describe("the tokens of a caller", () => {
  let now: number;
  let bearers: Bearer[];
  let state: object;
  let revoked: string | undefined;
  let asked: { subjectToken: string; scopes: readonly string[]; thumbprint: string }[];
  let answer: () => Promise<{ token: string; expiresAt: number }>;

  beforeEach(() => {
    now = 1_000_000;
    bearers = [];
    asked = [];
    state = {};
    revoked = undefined;
    answer = async () => ({ token: `exchanged-${asked.length}`, expiresAt: now + 100_000 });
  });

  const tokens = () => {
    const exchange: ExchangeToken = (subjectToken, _audience, scopes, { leaf }) => {
      asked.push({ subjectToken, scopes, thumbprint: leaf.thumbprint });
      return answer();
    };
    const trust = {
      get state() {
        return state;
      },
      tokenRevoked: (jti: string) => jti === revoked,
    } as Trust;
    return createCallerTokens({ exchange, trust, clock: { now: () => now }, shown: () => bearers });
  };
  /** A verified token; `clearedBy` says that it was good with the trust of now. */
  const bearer = (name: string, scopes: string[], expiresAt = now + 100_000): Bearer =>
    ({
      authorization: `Bearer ${name}`,
      reference: name,
      token: { jti: name, ancestors: [], audiences: new Set([audience]), scopes: new Set(scopes), expiresAt },
      clearedBy: state,
    }) as unknown as Bearer;

  it("are exchanged once, for the scopes of the method and no others, and kept", async () => {
    bearers.push(bearer("shown", ["a:read", "a:write"]));
    const source = tokens();
    const both = [
      source.authorization(audience, ["a:read"], identity),
      source.authorization(audience, ["a:read"], identity),
    ];
    assert.deepEqual(await Promise.all(both), ["Bearer exchanged-1", "Bearer exchanged-1"]);
    assert.equal(source.authorization(audience, ["a:read"], identity), "Bearer exchanged-1");
    assert.deepEqual(asked, [{ subjectToken: "shown", scopes: ["a:read"], thumbprint: "one" }]);
  });

  it("are others for another certificate and other scopes", async () => {
    bearers.push(bearer("shown", ["a:read", "a:write"]));
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    await source.authorization(audience, ["a:write"], identity);
    await source.authorization(audience, ["a:read"], { leaf: { thumbprint: "two" } } as Identity);
    assert.deepEqual(
      asked.map(({ scopes, thumbprint }) => [scopes[0], thumbprint]),
      [
        ["a:read", "one"],
        ["a:write", "one"],
        ["a:read", "two"],
      ],
    );
  });

  it("are not had for a scope that the caller has not shown", () => {
    bearers.push(bearer("shown", ["a:read"]));
    assert.throws(() => tokens().authorization(audience, ["a:write"], identity), InterlockError);
    assert.throws(() => tokens().authorization("other.Service", ["a:read"], identity), InterlockError);
    assert.deepEqual(asked, []);
  });

  it("are renewed in time, for the token of the caller that lasts longest, while the old one serves", async () => {
    bearers.push(bearer("first", ["a:read"]));
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    bearers.push(bearer("second", ["a:read"], now + 200_000));
    now += 71_000;
    assert.equal(source.authorization(audience, ["a:read"], identity), "Bearer exchanged-1");
    await new Promise(setImmediate);
    assert.equal(source.authorization(audience, ["a:read"], identity), "Bearer exchanged-2");
    assert.equal(asked[1]?.subjectToken, "second");
  });

  it("are asked for again after a pause, where a renewal fails", async () => {
    bearers.push(bearer("first", ["a:read"]));
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    answer = () => Promise.reject(new InterlockError("UNAVAILABLE", "away"));
    now += 71_000;
    for (let i = 0; i < 5; i++)
      assert.equal(source.authorization(audience, ["a:read"], identity), "Bearer exchanged-1");
    await new Promise(setImmediate);
    assert.equal(asked.length, 2);
    now += 2_000;
    source.authorization(audience, ["a:read"], identity);
    assert.equal(asked.length, 3);
  });

  it("go with the token that they were exchanged for", async () => {
    const first = bearer("first", ["a:read"]);
    bearers.push(first);
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    Object.assign(first.token, { expiresAt: now - 1 });
    bearers.push(bearer("second", ["a:read"]));
    assert.equal(await source.authorization(audience, ["a:read"], identity), "Bearer exchanged-2");
  });

  it("go with the token that they were exchanged for when it is revoked", async () => {
    bearers.push(bearer("first", ["a:read"]));
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    revoked = "first";
    state = {}; // The trust has changed.
    assert.throws(() => source.authorization(audience, ["a:read"], identity), InterlockError);
    bearers.push(bearer("second", ["a:read"]));
    assert.equal(await source.authorization(audience, ["a:read"], identity), "Bearer exchanged-2");
  });

  it("can be had for a new certificate between two calls, by a token that was shown lately", async () => {
    bearers.push(bearer("shown", ["a:read"]));
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    bearers.pop();
    const renewed = (thumbprint: string) =>
      source.authorization(audience, ["a:read"], { leaf: { thumbprint } } as Identity);
    assert.equal(await renewed("two"), "Bearer exchanged-2");
    now += 100_000;
    assert.throws(() => renewed("three"), InterlockError, "but not by one that has expired");
  });

  it("are forgotten when a server refuses one", async () => {
    bearers.push(bearer("shown", ["a:read"]));
    const source = tokens();
    await source.authorization(audience, ["a:read"], identity);
    source.forget(audience);
    assert.equal(await source.authorization(audience, ["a:read"], identity), "Bearer exchanged-2");
  });

  it("are bounded: the one that was exchanged longest ago goes", async () => {
    const scopes = Array.from({ length: 257 }, (_, i) => `a:s${i}`);
    bearers.push(bearer("shown", scopes));
    const source = tokens();
    for (const scope of scopes) await source.authorization(audience, [scope], identity);
    assert.equal(typeof source.authorization(audience, ["a:s256"], identity), "string");
    assert.notEqual(typeof source.authorization(audience, ["a:s0"], identity), "string");
  });
});
