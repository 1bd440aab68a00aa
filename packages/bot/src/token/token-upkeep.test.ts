import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { createObservable } from "../base/observable.js";
import type { Identity } from "../identity/identity.js";
import { createTokenUpkeep, keptTokens, keptUnusedMs, type TokenUpkeep } from "./token-upkeep.js";

describe("the upkeep of tokens", () => {
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const named = (thumbprint: string) => ({ leaf: { thumbprint } }) as Identity;
  let identity = createObservable(named("one"));
  let renewed: string[];
  let answer: () => number;
  let wake: () => void;
  let upkeep: TokenUpkeep;

  beforeEach(() => {
    clock.ahead = 0;
    renewed = [];
    identity = createObservable(named("one"));
    answer = () => clock.now() + 10;
    upkeep = createTokenUpkeep({
      identity,
      clock,
      random: () => 1,
      async renew({ audience }, { leaf }) {
        renewed.push(`${audience} ${leaf.thumbprint}`);
        wake();
        return answer();
      },
    });
  });
  afterEach(() => upkeep.close());

  /** Resolves once so many renewals have begun. The alarms keep no process alive, so this does. */
  function renewals(count: number): Promise<void> {
    const alive = setInterval(() => {}, 1_000);
    return new Promise<void>((resolve) => {
      wake = () => {
        if (renewed.length >= count) resolve();
      };
      wake();
    }).finally(() => clearInterval(alive));
  }

  it("renews without a call, and at once for another certificate", async () => {
    upkeep.note("a", ["s:x"]);
    await renewals(3);
    assert.deepEqual(renewed.slice(0, 3), ["a one", "a one", "a one"]);
    answer = () => clock.now() + 3_600_000;
    await renewals(renewed.length + 1);
    const { length } = renewed;
    identity.replace(named("two"));
    await renewals(length + 1);
    assert.equal(renewed.at(-1), "a two");
  });

  it("leaves a while between two renewals, also of tokens that have expired when they come", async () => {
    const times: number[] = [];
    answer = () => {
      times.push(clock.now());
      return 0;
    };
    upkeep.note("a", ["s:x"]);
    await renewals(3);
    const [first = 0, , third = 0] = times;
    assert.ok(third - first >= 490, "what the alarms round off is left out");
  });

  it("tries again after an outage, and no more after a refusal", async () => {
    let failures = 0;
    answer = () => {
      if (++failures < 2) throw new InterlockError("UNAVAILABLE", "away");
      throw new InterlockError("PERMISSION_DENIED", "no grant");
    };
    const use = upkeep.note("a", ["s:x"]);
    await renewals(2);
    await new Promise((resolve) => setImmediate(resolve));
    assert.notEqual(upkeep.note("a", ["s:x"]), use, "it was dropped");
  });

  it("drops what no call has needed for a day", async () => {
    const use = upkeep.note("a", ["s:x"]);
    await renewals(1);
    const other = upkeep.note("b", ["s:x"]);
    clock.ahead += keptUnusedMs + 1;
    other.usedAt = clock.now();
    await renewals(renewed.filter((one) => one === "a one").length + 2);
    assert.notEqual(upkeep.note("a", ["s:x"]), use);
    assert.equal(upkeep.note("b", ["s:x"]), other);
  });

  it("keeps a bounded number, those used last", () => {
    wake = () => {};
    const first = upkeep.note("first", ["s:x"]);
    clock.ahead++;
    const kept = Array.from({ length: keptTokens }, (_, i) => upkeep.note(`a${i}`, ["s:x"]));
    assert.notEqual(upkeep.note("first", ["s:x"]), first);
    assert.equal(upkeep.note(`a${keptTokens - 1}`, ["s:x"]), kept.at(-1));
  });
});
