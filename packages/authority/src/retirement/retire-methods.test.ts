import assert from "node:assert/strict";
import { maximumRetiredMethods } from "@interlock/bot/internal";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openTrustHub, type TrustHub } from "../trust-hub/trust-hub.js";
import { checkMethods, maximumMethods } from "./check-methods.js";
import { retirementEntry } from "./record-retirement.js";
import { retireMethods, unretireMethods } from "./retire-methods.js";

const me = "spiffe://cafe/operator/alice";

describeOnEach("retired methods", (create) => {
  let place: TestStore;
  let store: Store;
  let hub: TrustHub;
  beforeEach(async () => {
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", 1);
    hub = await openTrustHub(store, { trustDomain: "cafe", issuer: "i", staleAfterMs: 60_000 }, { now: () => 10 });
  });
  afterEach(async () => {
    hub.close();
    await store.close();
    await place.remove();
  });

  async function next(version: bigint) {
    const abort = new AbortController();
    try {
      for await (const update of hub.watch(version, abort.signal, me)) return update;
      throw new Error("there was no update");
    } finally {
      abort.abort();
    }
  }

  it("reach every bot, are told once, and end", async () => {
    const before = hub.trust.state.version;
    const first = await retireMethods(store, ["a.B/C", "a.D/*"], 5, me);
    assert.deepEqual(first, { changed: ["a.B/C", "a.D/*"], trustVersion: Number(before) + 1 });
    const update = await next(before);
    assert.deepEqual([update.appliesTo, update.retiredChanged, update.state.retired], [before, true, first.changed]);
    assert.equal(hub.trust.methodRetired("/a.D/Any"), true);

    const { trustVersion } = await retireMethods(store, ["a.B/C"], 6, me);
    assert.equal(trustVersion, first.trustVersion, "what is retired already changes nothing");
    assert.equal((await next(BigInt(trustVersion))).retiredChanged, false);
    assert.equal((await next(0n)).retiredChanged, true, "a complete update has them always");

    const end = await unretireMethods(store, ["a.B/C", "a.X/Y"], 7, me);
    assert.deepEqual(end.changed, ["a.B/C"]);
    const after = await next(BigInt(trustVersion));
    assert.deepEqual([after.retiredChanged, after.state.retired], [true, ["a.D/*"]]);
    assert.deepEqual((await retireMethods(store, ["a.B/C"], 8, me)).changed, ["a.B/C"], "it can be retired again");
    assert.deepEqual(
      (await store.auditLog.list(0, 100)).map(({ kind, subject }) => `${kind} ${subject}`),
      ["retire-method a.B/C", "retire-method a.D/*", "unretire-method a.B/C", "retire-method a.B/C"],
    );
  });

  it("are a thousand at most", async () => {
    const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => `a.B/M${from + i}`);
    await retireMethods(store, some(0, maximumRetiredMethods), 1, me);
    await assert.rejects(retireMethods(store, some(maximumRetiredMethods, 1), 2, me), { code: "RESOURCE_EXHAUSTED" });
    await retireMethods(store, some(maximumRetiredMethods - 1, 1), 2, me);
    await unretireMethods(store, some(0, 1), 3, me);
    await retireMethods(store, some(maximumRetiredMethods, 1), 4, me);
    await hub.refresh();
    assert.equal(hub.trust.state.retired?.length, maximumRetiredMethods);
  });
});

describe("a request about retirements", () => {
  const invalid = { code: "INVALID_ARGUMENT" } as const;

  it("names methods, or all of a service, and never those of the authority", () => {
    assert.deepEqual(checkMethods(["a.B/C", "a.B/*", "a.B/C"]), ["a.B/C", "a.B/*"]);
    assert.equal(checkMethods(Array.from({ length: maximumMethods }, (_, i) => `a.B/M${i}`)).length, maximumMethods);
    const many = Array.from({ length: maximumMethods + 1 }, () => "a.B/C");
    const long = `a.B/${"C".repeat(252)}`;
    const wrong = [
      "",
      "a.B",
      "a.B/",
      "/a.B/C",
      "a.B/C/D",
      "a.B/**",
      "a.*/C",
      "a.B/C D",
      long,
      "interlock.authority.v1.AdminService/*",
    ];
    // Nobody escapes by a name that only begins like theirs.
    for (const method of ["grpc.health.evil.v1.Backdoor/*", "interlock.authority.v1.Backdoor/Open"])
      assert.deepEqual(checkMethods([method]), [method]);
    for (const method of [...wrong, "grpc.health.v1.Health/Check"])
      assert.throws(() => checkMethods([method]), invalid, method);
    for (const methods of [[], many]) assert.throws(() => checkMethods(methods), invalid);
  });

  it("records a digest with what is open, within bounds", () => {
    const good = {
      kind: "bot",
      name: "gripper/1",
      sha256: "0".repeat(64),
      open: ["rescan"],
      addresses: ["[::1]:1", "h-1.x:2"],
    };
    const { kind, subject, details } = retirementEntry(good, 1, me);
    assert.deepEqual([kind, subject, details.sha256], ["retirement", "gripper/1", good.sha256]);
    retirementEntry({ ...good, kind: "method", name: "a.B/C" }, 1, me);
    retirementEntry({ ...good, kind: "service", name: "a.B" }, 1, me);
    retirementEntry({ ...good, open: Array(32).fill("dns"), addresses: Array(64).fill("h:1") }, 1, me);
    const wrong = [
      { kind: "thing" },
      { name: "a b" },
      { kind: "method" },
      { kind: "service", name: "a/1" },
      { sha256: "A".repeat(64) },
      { open: Array(33).fill("dns") },
      { open: ["\n"] },
      { addresses: Array(65).fill("h:1") },
      { addresses: ["a b"] },
    ];
    for (const change of wrong)
      assert.throws(() => retirementEntry({ ...good, ...change }, 1, me), invalid, JSON.stringify(change));
  });
});
