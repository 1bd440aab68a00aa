import assert from "node:assert/strict";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { maximumServerRecords } from "./server-records.js";
import type { Store } from "./store.js";

describeOnEach("the records of servers", (create) => {
  let place: TestStore;
  let store: Store;

  beforeEach(async () => {
    place = await create();
    store = await place.open();
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const seen = (spiffeId: string, services: readonly string[], now: number) =>
    store.transaction(({ serverRecords }) => serverRecords.seen(spiffeId, services, now));
  const records = async (after?: readonly string[]) =>
    (await store.serverRecords.page({ after, limit: 2_000 })).map((row) => [
      row.spiffeId,
      row.service,
      row.firstAt,
      row.lastAt,
      row.uncountedAt,
    ]);

  it("say since when a bot serves a service, and until when", async () => {
    await seen("a", ["a.B", "a.C", "a.B"], 1);
    await seen("a", ["a.C"], 3);
    await seen("a", ["a.C"], 2); // By another authority, whose clock is behind.
    await seen("b", [], 5);
    assert.deepEqual(await records(), [
      ["a", "a.B", 1, 1, null],
      ["a", "a.C", 1, 3, null],
    ]);
    assert.deepEqual(await records(["a", "a.B"]), [["a", "a.C", 1, 3, null]]);
  });

  it("keep the latest time at which calls of a bot may not have been counted", async () => {
    await seen("a", ["a.B"], 1);
    await seen("b", ["a.B"], 1);
    for (const at of [4, 7, 5]) await store.serverRecords.uncounted("a", at);
    await seen("a", ["a.B"], 9);
    assert.deepEqual(await records(), [
      ["a", "a.B", 1, 9, 7],
      ["b", "a.B", 1, 1, null],
    ]);
    await store.serverRecords.allUncounted(6);
    assert.deepEqual(
      (await records()).map((row) => row[4]),
      [7, 6],
    );
  });

  it("are pruned, and bounded for one bot: the services reported least recently go", async () => {
    await seen("a", ["a.Old"], 1);
    await seen("b", ["a.Old"], 1);
    const services = Array.from({ length: maximumServerRecords - 1 }, (_, i) => `a.S${i}`);
    for (let i = 0; i < services.length; i += 256) await seen("a", services.slice(i, i + 256), 2);
    assert.equal((await records()).length, maximumServerRecords + 1, "at the bound");
    await seen("a", ["a.New"], 3);
    const kept = await records();
    assert.equal(kept.length, maximumServerRecords + 1);
    assert.deepEqual(
      kept.filter(([, service]) => !String(service).startsWith("a.S")).map(([bot, service]) => [bot, service]),
      [
        ["a", "a.New"],
        ["b", "a.Old"],
      ],
    );
    await store.serverRecords.prune(3);
    assert.deepEqual(await records(), [["a", "a.New", 3, 3, null]]);
  });
});
