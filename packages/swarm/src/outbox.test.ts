import assert from "node:assert/strict";
import { createOutbox } from "./outbox.js";
import { settle } from "./testing/fake-time.js";

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of source) taken.push(item);
  return taken;
}

describe("outbox", () => {
  it("hands over in order, and ends after what is in it", async () => {
    const outbox = createOutbox<number>();
    outbox.send(1);
    outbox.send(2);
    outbox.end();
    outbox.send(3);
    assert.deepEqual(await all(outbox), [1, 2]);
  });

  it("wakes a reader that waits", async () => {
    const outbox = createOutbox<string>();
    const reading = all(outbox);
    await Promise.resolve();
    outbox.send("a");
    outbox.end();
    assert.deepEqual(await reading, ["a"]);
  });

  it("keeps only the latest of a key, at the end", async () => {
    const outbox = createOutbox<string>();
    outbox.send("a1", "a");
    outbox.send("b1", "b");
    outbox.send("a2", "a");
    outbox.end();
    assert.deepEqual(await all(outbox), ["b1", "a2"]);
  });

  it("hands over first what is to go first, the latest of each key, and counts it", async () => {
    const outbox = createOutbox<string>({ limit: 4, overflow: () => new Error("full") });
    outbox.send("a");
    outbox.send("beat 1", "beat", true);
    outbox.send("b");
    outbox.send("beat 2", "beat", true);
    const reader = outbox[Symbol.asyncIterator]();
    assert.equal((await reader.next()).value, "beat 2");
    assert.equal((await reader.next()).value, "a");
    outbox.send("beat 3", "beat", true);
    for (const each of ["c", "d", "e"]) outbox.send(each);
    await assert.rejects(reader.next(), /full/);
  });

  it("joins what goes first with what follows, as far as it fits", async () => {
    const batching = {
      join: (some: readonly string[]) => some.join("+"),
      weigh: (one: string) => one.length,
      atMost: 4,
    };
    const outbox = createOutbox<string>({ batching: () => batching });
    for (const each of ["aa", "bb", "c"]) outbox.send(each);
    outbox.send("1", "beat", true);
    outbox.end();
    assert.deepEqual(await all(outbox), ["1+aa", "bb+c"]);
  });

  it("ends at once with an error", async () => {
    const outbox = createOutbox<number>();
    outbox.send(1);
    outbox.end(new Error("over"));
    await assert.rejects(all(outbox), /over/);
  });

  it("does not grow past its limit", async () => {
    const outbox = createOutbox<number>({ limit: 2, overflow: () => new Error("slow") });
    for (const n of [1, 2, 3]) outbox.send(n);
    await assert.rejects(all(outbox), /slow/);
  });

  it("takes nothing more once its reader has left", async () => {
    const outbox = createOutbox<number>();
    outbox.send(1);
    for await (const _ of outbox) break;
    outbox.send(2);
    assert.deepEqual(await all(outbox), []);
  });

  it("says once that it takes nothing more, also where its reader has left", async () => {
    let ends = 0;
    const left = createOutbox<number>({ onEnd: () => ends++ });
    left.send(1);
    for await (const _ of left) break;
    left.end();
    assert.equal(ends, 1);
    const full = createOutbox<number>({ limit: 1, overflow: () => new Error("slow"), onEnd: () => ends++ });
    for (const n of [1, 2]) full.send(n);
    assert.equal(ends, 2);
  });

  describe("with batching", () => {
    const batching = {
      join: (all: readonly string[]) => all.join("+"),
      weigh: (text: string) => text.length,
      atMost: 4,
    };

    it("hands over at once what was sent within one callback of the event loop", async () => {
      const outbox = createOutbox<string>({ batching: () => batching });
      const reading = all(outbox);
      await settle();
      outbox.send("a");
      await Promise.resolve();
      outbox.send("b");
      await settle();
      outbox.send("c");
      outbox.end();
      assert.deepEqual(await reading, ["a+b", "c"]);
    });

    it("keeps each batch within its weight, and sends a message that is too heavy alone", async () => {
      const outbox = createOutbox<string>({ batching: () => batching });
      for (const text of ["aa", "bb", "c", "long-one", "d"]) outbox.send(text);
      outbox.end();
      assert.deepEqual(await all(outbox), ["aa+bb", "c", "long-one", "d"]);
    });
  });
});
