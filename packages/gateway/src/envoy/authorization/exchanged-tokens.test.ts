import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import type { CertificateSlot } from "./certificate-slots.js";
import { createExchangedTokens, type Exchange, type GivenToken } from "./exchanged-tokens.js";

const shown = { token: "caller's", reference: "ref" };

describe("createExchangedTokens", () => {
  const clock = { at: 0, now: () => clock.at };
  let exchanges: [string, string][];
  let bound = "old";
  let newest = "new";
  const slots = new Map<string, CertificateSlot>();
  let answer: () => Promise<GivenToken>;
  const exchange: Exchange = (token, audience) => {
    exchanges.push([token, audience]);
    return answer();
  };
  const create = () =>
    createExchangedTokens({
      exchange,
      clock,
      certificates: { find: (t) => slots.get(t), current: slots.get(newest) as CertificateSlot },
    });

  beforeEach(() => {
    clock.at = 1_000_000;
    exchanges = [];
    bound = "old";
    newest = "new";
    answer = async () => ({ token: "exchanged", expiresAt: clock.at + 300_000, thumbprint: bound });
    slots.clear();
    slots.set("old", { slot: 0, thumbprint: "old", until: clock.at + 100_000, ready: Promise.resolve() });
    slots.set("new", { slot: 1, thumbprint: "new", until: clock.at + 500_000, ready: Promise.resolve() });
  });

  it("exchanges once for all calls that wait, and for each service", async () => {
    const exchanged = create();
    const all = await Promise.all([exchanged(shown, "a"), exchanged(shown, "a"), exchanged(shown, "b")]);
    assert.deepEqual(exchanges, [
      ["caller's", "a"],
      ["caller's", "b"],
    ]);
    assert.equal(all[0], all[1]);
    await exchanged(shown, "a");
    assert.equal(exchanges.length, 2);
  });

  it("exchanges anew before the token ends, and before the certificate is no longer used", async () => {
    const exchanged = create();
    assert.equal((await exchanged(shown, "a")).slot.slot, 0);
    clock.at += 99_999;
    await exchanged(shown, "a");
    assert.equal(exchanges.length, 1);
    clock.at += 1;
    bound = "new";
    assert.equal((await exchanged(shown, "a")).slot.slot, 1);
    clock.at += 295_000;
    await exchanged(shown, "a");
    assert.equal(exchanges.length, 3);
  });

  it("goes on with the newest certificate while it cannot be renewed", async () => {
    newest = "old";
    const exchanged = create();
    await exchanged(shown, "a");
    clock.at += 200_000;
    await exchanged(shown, "a");
    assert.equal(exchanges.length, 1);
  });

  it("waits until Envoy has the certificate that the token is bound to", async () => {
    let ready = () => {};
    slots.set("new", {
      slot: 1,
      thumbprint: "new",
      until: 2_000_000,
      ready: new Promise((resolve) => (ready = resolve)),
    });
    bound = "new";
    const order: string[] = [];
    const waiting = create()(shown, "a").then(() => order.push("exchanged"));
    await new Promise((resolve) => setImmediate(resolve));
    order.push("ready");
    ready();
    await waiting;
    assert.deepEqual(order, ["ready", "exchanged"]);
  });

  it("repeats a refusal for a second without asking again", async () => {
    const exchanged = create();
    answer = async () => {
      throw new InterlockError("PERMISSION_DENIED", "No.", { reason: "ACTOR_NOT_ALLOWED" });
    };
    await assert.rejects(exchanged(shown, "a"), { reason: "ACTOR_NOT_ALLOWED" });
    await assert.rejects(exchanged(shown, "a"), { reason: "ACTOR_NOT_ALLOWED" });
    assert.equal(exchanges.length, 1);
    clock.at += 1_000;
    await assert.rejects(exchanged(shown, "a"), { reason: "ACTOR_NOT_ALLOWED" });
    assert.equal(exchanges.length, 2);
  });

  it("is unavailable for a token that is bound to no certificate of the gateway", async () => {
    bound = "another";
    await assert.rejects(create()(shown, "a"), { code: "UNAVAILABLE" });
  });

  it("refuses more than 256 exchanges at once", async () => {
    const exchanged = create();
    answer = () => new Promise(() => {});
    for (let i = 0; i < 256; i++) void exchanged({ token: "t", reference: `${i}` }, "a");
    assert.throws(() => exchanged({ token: "t", reference: "one more" }, "a"), { code: "RESOURCE_EXHAUSTED" });
  });
});
