import assert from "node:assert/strict";
import { ActState } from "../gen/warehouse/v1/feed.js";
import { createFeed } from "./feed.js";
import { feedService } from "./feed-service.js";

const flood = { attacker: "the visitor's laptop", caller: "visitor/1", method: "/a.B/C", reason: "RATE_LIMITED" };
const clock = { now: () => 1_000 };

describe("feed", () => {
  it("tells a late watcher the current state, and forgets the steps in between", () => {
    const feed = createFeed(clock);
    feed.publish({ act: { act: "zombie", title: "A sleeper", state: ActState.ACT_STATE_RUNNING } });
    feed.publish({ credential: { bot: "worker/1", generation: 1, certificateExpiresAt: new Date(9_000) } });
    feed.publish({ credential: { bot: "worker/1", tokenExpiresAt: new Date(5_000) } });
    feed.publish({ act: { act: "zombie", state: ActState.ACT_STATE_ENDED, seen: "LEASE_STALE", ms: 12, ok: true } });
    const [credential, act, ...rest] = feed.since(0n);
    assert.deepEqual(rest, []);
    assert.equal(credential?.sequence, 3n);
    assert.deepEqual(credential.event?.value, {
      bot: "worker/1",
      generation: 1,
      revoked: false,
      certificateIssuedAt: undefined,
      certificateExpiresAt: new Date(9_000),
      tokenIssuedAt: undefined,
      tokenExpiresAt: new Date(5_000),
    });
    assert.deepEqual(act?.event?.value, {
      act: "zombie",
      title: "A sleeper",
      expected: "",
      state: ActState.ACT_STATE_ENDED,
      seen: "LEASE_STALE",
      ms: 12,
      ok: true,
    });
    assert.deepEqual(feed.since(3n), [act]);
    assert.deepEqual(feed.since(99n), [credential, act], "a number of another feed");
  });

  it("counts similar denials as one, and keeps the latest", () => {
    const feed = createFeed(clock);
    for (let i = 0; i < 5_000; i++) feed.publish({ denial: flood }, i);
    feed.publish({ denial: { ...flood, reason: "SCOPE_MISSING" } }, 5_000);
    feed.publish({ denial: { ...flood, count: 7 } }, 7_000);
    const told = feed.since(0n).map(({ event }) => (event?.$case === "denial" ? event.value : undefined));
    assert.deepEqual(
      told.map((denial) => [denial?.id, denial?.reason, denial?.count]),
      [
        [1n, "RATE_LIMITED", 5_000],
        [5_001n, "SCOPE_MISSING", 1],
        [5_002n, "RATE_LIMITED", 7],
      ],
    );
    for (let i = 0; i < 500; i++) feed.publish({ denial: { ...flood, caller: `bot/${i}` } });
    assert.equal(feed.since(0n).length, 200);
  });

  it("sends new events once per frame, a sign of life when there are none, and ends with the call", async () => {
    const feed = createFeed(clock);
    const calling = new AbortController();
    const waits: number[] = [];
    const wait = async (ms: number, signal: AbortSignal) => {
      waits.push(ms);
      // Many events happen during a frame; an event ends the second quiet second.
      if (ms < 1_000) for (let i = 0; i < 100; i++) feed.publish({ denial: flood });
      else if (waits.filter((each) => each === ms).length === 2) feed.publish({ note: { text: "more" } });
      if (waits.length <= 3) assert.equal(signal.aborted, waits.length === 2, "only a new event ends a quiet second");
    };
    feed.publish({ note: { text: "begun" } });
    const { watchFeed } = feedService(feed, wait);
    const context = { signal: calling.signal } as Parameters<typeof watchFeed>[1];
    const seen: number[] = [];
    for await (const { event } of watchFeed({ after: 0n }, context)) {
      seen.push(Number(event?.sequence ?? 0));
      if (seen.length === 5) calling.abort();
    }
    assert.deepEqual(seen, [0, 1, 0, 2, 102]);
    assert.deepEqual(waits.slice(0, 3), [1_000, 1_000, 25]);
  });
});
