import assert from "node:assert/strict";
import type { TrustState } from "@interlock/bot";
import { openGrantStore } from "../grants/grant-store.js";
import { revoke } from "../revocations/revoke.js";
import { unrevoke } from "../revocations/unrevoke.js";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openTrustHub, type TrustHub } from "./trust-hub.js";
import { maximumRevocations, type TrustUpdate, updateSince } from "./trust-update.js";

const basis = {
  trustDomain: "cafe",
  issuer: "spiffe://cafe/interlock/authority",
  staleAfterMs: 60_000,
};

describeOnEach("trust hub", (create) => {
  let place: TestStore;
  let store: Store;
  let hub: TrustHub;
  let now = 1_000;
  const clock = { now: () => now };
  const stop = new AbortController();
  beforeEach(async () => {
    now = 1_000;
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", now);
    hub = await openTrustHub(store, basis, clock);
  });
  afterEach(async () => {
    hub.close();
    await store.close();
    await place.remove();
  });

  const revokeBot = (name: string) =>
    revoke({ store, hub }, { kind: "identity", subject: `spiffe://cafe/${name}` }, "lost", now, "me");

  const unrevokeBot = (name: string) =>
    unrevoke({ store, hub }, { kind: "identity", subject: `spiffe://cafe/${name}` }, now, "me");

  /** Watchers of so many bots, each under a signal of its own, as each call has one. */
  const watchMany = (count: number) =>
    Array.from({ length: count }, (_, i) => hub.watch(1n, AbortSignal.any([stop.signal]), `spiffe://cafe/${i}`));

  const next = async (watcher: AsyncGenerator<TrustUpdate, void>): Promise<string> => {
    const { value } = await watcher.next();
    assert.ok(value);
    const nameOf = (r: { subject: string }) => r.subject.slice("spiffe://cafe/".length);
    const names = [...value.state.revocations.map(nameOf), ...value.unrevoked.map((r) => `-${nameOf(r)}`)];
    return `${value.appliesTo}→${value.state.version}: ${names.join(" ")}`.trimEnd();
  };

  it("updates bots that serve first, and remembers which they are", async () => {
    const servers = ["spiffe://cafe/server/1", "spiffe://cafe/server/2"];
    await store.endpoints.replace(servers[0] as string, [{ service: "a.B", address: "localhost:1" }], now);
    const reopened = await openTrustHub(store, basis, clock);
    reopened.serves(servers[1] as string, true);
    reopened.serves("spiffe://cafe/once", true);
    reopened.serves("spiffe://cafe/once", false);
    const watchers = ["spiffe://cafe/x", "spiffe://cafe/once", ...servers, "spiffe://cafe/y"].map((spiffeId) => {
      return { spiffeId, watcher: reopened.watch(1n, stop.signal, spiffeId) };
    });
    await Promise.all(watchers.map(({ watcher }) => watcher.next()));
    const told: string[] = [];
    const all = watchers.map(async ({ spiffeId, watcher }) => {
      await watcher.next();
      told.push(spiffeId);
      await watcher.return();
    });
    reopened.beat();
    await Promise.all(all);
    assert.deepEqual(told.slice(0, 2), servers);
    reopened.close();
  });

  it("has written to those that serve before it works on its own connections and wakes the others", async () => {
    hub.serves("spiffe://cafe/server", true);
    const watchers = ["x", "server", "y"].map((name) => {
      return { name, watcher: hub.watch(1n, stop.signal, `spiffe://cafe/${name}`) };
    });
    await Promise.all(watchers.map(({ watcher }) => watcher.next()));
    const told: string[] = [];
    const all = watchers.map(async ({ name, watcher }) => {
      await watcher.next();
      // As the HTTP/2 of a server writes: at the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      told.push(name);
    });
    const unsubscribe = hub.trust.onChange(() => told.push("itself"));
    await revokeBot("a");
    await Promise.all(all);
    unsubscribe();
    assert.deepEqual(told.slice(0, 2), ["server", "itself"]);
    assert.deepEqual(new Set(told), new Set(["server", "itself", "x", "y"]));
  });

  it("leaves those bots to their end that it revokes, and tells the others", async () => {
    const ending = new AbortController();
    const revoked = hub.watch(1n, ending.signal, "spiffe://cafe/bot/1");
    const other = hub.watch(1n, stop.signal, "spiffe://cafe/x");
    await Promise.all([next(revoked), next(other)]);
    let told: unknown;
    const end = revoked.next().then((result) => {
      told = result;
    });
    const waiting = next(other);
    await revoke({ store, hub }, { kind: "pattern", subject: "bot/*" }, "lost", now, "me");
    assert.match(await waiting, /^1→2:/);
    const beating = next(other);
    hub.beat();
    await beating;
    assert.equal(told, undefined);
    ending.abort(); // As a server does that cuts its connections.
    await end;
    assert.deepEqual(told, { value: undefined, done: true });
  });

  it("lets other work have its turn while it tells many", async () => {
    const watchers = watchMany(300);
    await Promise.all(watchers.map(next));
    let told = 0;
    const all = Promise.all(watchers.map(async (watcher) => [await next(watcher), told++]));
    await revokeBot("a");
    const seen = new Set<number>();
    while (told < 300) {
      seen.add(told);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    assert.ok(seen.size >= 4, `told ${[...seen]}`);
  });

  it("has four watchers of one bot: the oldest ends where there is a fifth, and those of others stay", async () => {
    const watch = (spiffeId: string) => hub.watch(0n, stop.signal, spiffeId);
    const other = watch("spiffe://cafe/y");
    await next(other);
    const [oldest, ...rest] = Array.from({ length: 4 }, () => watch("spiffe://cafe/x"));
    assert.ok(oldest);
    for (const watcher of [oldest, ...rest]) await next(watcher);
    const waiting = next(oldest);
    await next(watch("spiffe://cafe/x"));
    await assert.rejects(waiting, { reason: "CALL_LIMIT", code: "RESOURCE_EXHAUSTED" });
    assert.equal(hub.watchers, 5);
    const told = [other, ...rest].map((watcher) => next(watcher));
    hub.beat();
    assert.deepEqual(await Promise.all(told), Array(4).fill("1→1:"));
    await rest[0]?.return();
    const last = watch("spiffe://cafe/x");
    await next(last);
    assert.equal(hub.watchers, 5, "a place that was left is free");
  });

  it("sends all, then what changes, then signs of life", async () => {
    await revokeBot("a");
    const watcher = hub.watch(0n, stop.signal, "spiffe://cafe/x");
    assert.equal(await next(watcher), "0→2: a");
    const waiting = next(watcher);
    await revokeBot("b");
    assert.equal(await waiting, "2→3: b");
    const beating = next(watcher);
    hub.beat();
    assert.equal(await beating, "3→3:");
  });

  it("sends a bot that comes back only what it lacks", async () => {
    await revokeBot("a");
    await revokeBot("b");
    assert.equal(await next(hub.watch(2n, stop.signal, "spiffe://cafe/x")), "2→3: b");
    assert.equal(await next(hub.watch(3n, stop.signal, "spiffe://cafe/x")), "3→3:");
    assert.equal(await next(hub.watch(99n, stop.signal, "spiffe://cafe/x")), "0→3: a b", "a version from other data");
  });

  it("tells what is unrevoked, also to a bot that comes back, and forgets it in complete updates", async () => {
    await revokeBot("a");
    await revokeBot("b");
    const watcher = hub.watch(3n, stop.signal, "spiffe://cafe/x");
    assert.equal(await next(watcher), "3→3:");
    const waiting = next(watcher);
    await unrevokeBot("a");
    assert.equal(await waiting, "3→4: -a");
    assert.equal(await next(hub.watch(2n, stop.signal, "spiffe://cafe/x")), "2→4: b -a", "it had a, and not yet b");
    assert.deepEqual(
      hub.complete().state.revocations.map((r) => r.subject),
      ["spiffe://cafe/b"],
    );
    await revokeBot("a");
    assert.equal(await next(watcher), "4→5: a", "revoked again");
    await assert.rejects(unrevokeBot("c"), { code: "NOT_FOUND" });
  });

  it("lets in again after a restart what was unrevoked", async () => {
    const certificate = { serial: "4f" } as never;
    await revokeBot("a");
    await unrevokeBot("a");
    assert.equal(hub.trust.peerRevoked("spiffe://cafe/a", certificate), undefined);
    const again = await openTrustHub(store, basis, clock);
    assert.equal(again.trust.peerRevoked("spiffe://cafe/a", certificate), undefined);
    assert.equal(again.trust.state.version, 3n);
  });

  it("tells of scopes that were taken away, as long as tokens may hold them, also after a restart", async () => {
    const grants = await openGrantStore(store);
    const watcher = hub.watch(0n, stop.signal, "spiffe://cafe/x");
    await next(watcher);
    await grants.apply("grants: {x: {a.B: ['a:b', 'a:c']}}", "me", now);
    await hub.refresh();
    assert.equal(hub.trust.state.version, 1n, "nothing was taken away");
    const waiting = watcher.next();
    await grants.apply("grants: {x: {a.B: ['a:c']}}", "me", now);
    await hub.refresh();
    const cutOff = { identity: "x", service: "a.B", scope: "a:b", grantsVersion: 2, except: [] };
    assert.deepEqual((await waiting).value?.state.cutOffs, [cutOff]);
    const again = await openTrustHub(store, basis, clock);
    assert.deepEqual(again.trust.state.cutOffs, [cutOff]);

    now += 12 * 60_000;
    await revokeBot("a");
    assert.deepEqual(hub.trust.state.cutOffs, []);
  });

  it("covers all that a slow bot missed with one update", async () => {
    const watcher = hub.watch(0n, stop.signal, "spiffe://cafe/x");
    assert.equal(await next(watcher), "0→1:");
    await revokeBot("a");
    await revokeBot("b");
    hub.beat();
    hub.beat();
    assert.equal(await next(watcher), "1→3: a b");
    const waiting = next(watcher);
    await revokeBot("c");
    assert.equal(await waiting, "3→4: c", "nothing else was queued");
  });

  it("tells many bots at once", async () => {
    const watchers = watchMany(100);
    await Promise.all(watchers.map(next));
    const waiting = watchers.map(next);
    await revokeBot("a");
    assert.deepEqual([...new Set(await Promise.all(waiting))], ["1→2: a"]);
  });

  it("revokes in its own process before the revocation is acknowledged, and after a restart", async () => {
    const certificate = { serial: "4f" } as never;
    await revokeBot("a");
    assert.equal(hub.trust.peerRevoked("spiffe://cafe/a", certificate), "IDENTITY_REVOKED");
    const again = await openTrustHub(store, basis, clock);
    assert.equal(again.trust.peerRevoked("spiffe://cafe/a", certificate), "IDENTITY_REVOKED");
    assert.equal(again.trust.state.version, 2n);
  });

  it("records a revocation once", async () => {
    const first = await revokeBot("a");
    now += 5_000;
    assert.deepEqual(await revokeBot("a"), first);
    assert.equal(hub.trust.state.version, 2n);
    assert.equal(hub.trust.state.revocations.length, 1);
  });

  it("keeps count when many are revoked at once", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => revokeBot(`bot/${i}`)));
    assert.equal(hub.trust.state.version, 21n);
    assert.equal(new Set(hub.trust.state.revocations.map((r) => r.subject)).size, 20);
    assert.equal(hub.trust.state.revocations.length, 20);
  });

  it("never finds itself stale while it beats", () => {
    now += 60_001;
    assert.ok(hub.trust.isStale());
    hub.beat();
    assert.ok(!hub.trust.isStale());
  });

  it("ends a watch when the call ends, and when it closes", async () => {
    const ending = new AbortController();
    const watchers = [hub.watch(0n, ending.signal, "spiffe://cafe/x"), hub.watch(0n, stop.signal, "spiffe://cafe/x")];
    await Promise.all(watchers.map(next));
    const ends = watchers.map((watcher) => watcher.next());
    ending.abort();
    assert.ok((await ends[0])?.done);
    hub.close();
    assert.ok((await ends[1])?.done);
  });
});

describe("updateSince", () => {
  it("sends what does not fit in the updates that follow", () => {
    const revocations = Array.from({ length: maximumRevocations + 1 }, (_, i) => ({
      kind: "token" as const,
      subject: `t${i}`,
      revokedAt: 0,
      reason: "",
      trustVersion: i + 2,
      unrevokedAt: null,
      expiresAt: null,
    }));
    const state = { ...basis, caCertificates: [], jwks: { keys: [] } };
    const trust: TrustState = { ...state, version: BigInt(maximumRevocations + 7), revocations };
    const first = updateSince(0n, trust, revocations, 0n);
    assert.deepEqual([first.state.version, first.state.revocations.length], [5_001n, 5_000]);
    const second = updateSince(first.state.version, trust, revocations, 0n);
    assert.deepEqual([second.appliesTo, second.state.version], [5_001n, 5_007n]);
    assert.deepEqual(second.state.revocations, revocations.slice(-1));
  });
});
