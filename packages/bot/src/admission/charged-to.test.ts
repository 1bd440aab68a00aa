import assert from "node:assert/strict";
import type { Identity } from "../identity/identity.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { Attempt } from "./attempt.js";
import { createChain } from "./chain.js";
import { chargedTo } from "./charged-to.js";
import type { Connection } from "./connection.js";

const { echo, open } = EchoService.methods;
const id = (name: string) => `spiffe://test/${name}`;

describe("the bot that a call counts for", () => {
  let fleet: TestFleet;
  let gateway: Identity;
  let connection: Connection;
  let cuts: unknown[];
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    fleet = await createTestFleet();
    gateway = await fleet.ca.issue(id("gateway/1"));
    const { spiffeId: peer, leaf: certificate } = gateway;
    cuts = [];
    const cut = (error: unknown) => cuts.push(error);
    connection = { peer, certificate, earlier: [], address: "a:1", bearers: new Map(), cut } as unknown as Connection;
  });

  const delegated = async (sub: string, claims: object = {}) =>
    `Bearer ${await fleet.token(gateway, EchoService.name, ["echo:call"], {
      sub: id(sub),
      act: { sub: gateway.spiffeId.uri },
      ...claims,
    })}`;

  function attempt(authorization: readonly string[], method: Attempt["method"] = echo): Attempt {
    return { service: EchoService.name, method, connection, authorization, references: [], now };
  }
  const charged = (authorization: string, at = now) => chargedTo({ ...attempt([authorization]), now: at }, fleet.trust);

  it("is the subject once its token has been verified on the connection, and its reference says the same", async () => {
    const chain = createChain(fleet.trust);
    const token = await delegated("caller/1");
    assert.equal(charged(token).name, "gateway/1", "nobody believes a token that is new");
    await chain(attempt([token]));
    assert.equal(charged(token).name, "caller/1");
    const reference = connection.bearers.get(token)?.reference ?? "";
    assert.equal(chargedTo({ connection, references: [reference], now }, fleet.trust).name, "caller/1");
    assert.equal(chargedTo({ connection, now }, fleet.trust).name, "gateway/1", "a stream of which nothing is known");
  });

  it("is the bot at the other end, for a token of its own, and one that is no good any more", async () => {
    const chain = createChain(fleet.trust);
    const own = `Bearer ${await fleet.token(gateway, EchoService.name, ["echo:call"])}`;
    const short = await delegated("caller/1", { exp: Math.floor(now / 1_000) + 10 });
    const revoked = await delegated("caller/2", { jti: "r" });
    for (const token of [own, short, revoked]) await chain(attempt([token]));
    assert.deepEqual(
      [own, short, revoked].map((token) => charged(token).name),
      ["gateway/1", "caller/1", "caller/2"],
    );
    fleet.revoke("token", "r");
    assert.equal(charged(revoked).name, "gateway/1");
    assert.equal(charged(short, now + 11_000).name, "gateway/1");
  });

  it("leaves the others behind the gateway, and the gateway itself, their share", async () => {
    const chain = createChain(fleet.trust, { callerRate: { perSecond: 1, burst: 20 } });
    const [flooding, quiet] = [await delegated("caller/1"), await delegated("caller/2")];
    for (const token of [flooding, quiet]) await chain(attempt([token])); // Two of the gateway's.
    for (let i = 0; i < 20; i++) await chain(attempt([flooding]));
    for (let i = 0; i < 5_000; i++) {
      assert.throws(() => chain(attempt([flooding])), { reason: "RATE_LIMITED", code: "RESOURCE_EXHAUSTED" });
    }
    for (let i = 0; i < 20; i++) await chain(attempt([quiet]));
    for (let i = 0; i < 18; i++) await chain(attempt([], open));
    assert.deepEqual(cuts, [], "the gateway's connection lives");
    // The control: calls of its own that are refused do cost it its connection.
    for (let i = 0; i < 999; i++) assert.throws(() => chain(attempt([], open)), { reason: "RATE_LIMITED" });
    assert.equal(cuts.length, 0);
    assert.throws(() => chain(attempt([], open)), { reason: "RATE_LIMITED" });
    assert.equal(cuts.length, 1);
  });

  it("is known before calls are counted that come while a token is being verified", async () => {
    const chain = createChain(fleet.trust, { callerRate: { perSecond: 1, burst: 20 } });
    const token = await delegated("caller/1");
    const calls = Array.from({ length: 300 }, async () => chain(attempt([token])));
    const strays = Array.from({ length: 10 }, async () => chain.count({ connection, authorization: [token], now }));
    const outcomes = await Promise.allSettled([...calls, ...strays]);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1 + 20);
    // One of the gateway's was the first.
    for (let i = 0; i < 19; i++) await chain(attempt([], open));
    assert.throws(() => chain(attempt([], open)), { reason: "RATE_LIMITED" });
    // And a token that is bad counts for the bot that shows it, each time.
    const other = createChain(fleet.trust, { callerRate: { perSecond: 1, burst: 20 } });
    const bad = `${await delegated("caller/2")}x`;
    const refused = await Promise.allSettled(Array.from({ length: 30 }, async () => other(attempt([bad]))));
    const reasons = refused.map((one) => one.status === "rejected" && one.reason.reason);
    assert.equal(reasons.filter((reason) => reason === "RATE_LIMITED").length, 10);
    assert.equal(reasons.filter((reason) => reason !== "RATE_LIMITED" && reason !== false).length, 20);
  });

  it("counts what is no call for the subject, too", async () => {
    const chain = createChain(fleet.trust);
    const [flooding, quiet] = [await delegated("caller/1"), await delegated("caller/2")];
    for (const token of [flooding, quiet]) await chain(attempt([token]));
    for (let i = 0; i < 200; i++) chain.count(attempt([flooding]));
    for (let i = 0; i < 3_000; i++) assert.throws(() => chain.count(attempt([flooding])), { reason: "RATE_LIMITED" });
    for (let i = 0; i < 200; i++) chain.count(attempt([quiet]));
    for (let i = 0; i < 200; i++) chain.count({ connection, now });
    assert.deepEqual(cuts, []);
  });

  it("has a rate of its own at a method that is open to any bot", async () => {
    const chain = createChain(fleet.trust);
    const rated = { ...open, policy: { ...open.policy, rate: { perSecond: 1, burst: 1 } } };
    const [one, two] = [await delegated("caller/1"), await delegated("caller/2")];
    for (const token of [one, two]) {
      const { caller } = await chain(attempt([token], rated));
      assert.equal(caller.name, "gateway/1", "the caller is the bot that the certificate names");
      assert.throws(() => chain(attempt([token], rated)), { reason: "RATE_LIMITED" });
    }
  });

  it("is nobody for a gateway of the service that shows no token: it limits its callers itself", async () => {
    const chain = createChain(fleet.trust, { callerRate: { perSecond: 1, burst: 1 } });
    const through = { ...attempt([], open), via: ["gateway/*"] };
    for (let i = 0; i < 3; i++) assert.equal((await chain(through)).caller.name, "gateway/1");
    const elsewhere = attempt([], open);
    await chain(elsewhere);
    assert.throws(() => chain(elsewhere), { reason: "RATE_LIMITED" });
  });
});
