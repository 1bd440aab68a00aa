import assert from "node:assert/strict";
import { PassThrough, Readable, Writable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Messages } from "./messages.js";
import { writeAll } from "./write-all.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function* numbers(until: number) {
  for (let i = 0; i < until; i++) yield i;
}

describe("writing all of a source", () => {
  const never = new AbortController().signal;
  const sink = (written: unknown[]) =>
    new Writable({
      objectMode: true,
      highWaterMark: 2,
      write(chunk, _encoding, done) {
        written.push(chunk);
        setImmediate(done);
      },
    });

  it("writes it, in order", async () => {
    const written: unknown[] = [];
    const stream = sink(written);
    assert.equal(await writeAll(numbers(10), stream, never), true);
    stream.end();
    await new Promise((resolve) => stream.once("finish", resolve));
    assert.deepEqual(written, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("is no faster than the other end", async () => {
    let made = 0;
    const source = (async function* () {
      for (; made < 100; made++) yield made;
    })();
    const stuck = new Writable({ objectMode: true, highWaterMark: 2, write() {} });
    const done = writeAll(source, stuck, never);
    for (let i = 0; i < 10; i++) await turn();
    assert.ok(made <= 3, `${made} were made`);
    stuck.destroy();
    assert.equal(await done, false);
  });

  for (const [how, stop] of [
    ["the signal aborts", (_: Writable, controller: AbortController) => controller.abort()],
    ["the stream closes", (stream: Writable) => stream.destroy()],
  ] as const) {
    it(`ends when ${how}, and tells a source that is waiting to return`, async () => {
      const controller = new AbortController();
      let returned = false;
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<IteratorResult<number>>(() => {}),
          async return() {
            returned = true;
            return { done: true as const, value: undefined };
          },
        }),
      };
      const stream = sink([]);
      const done = writeAll(source, stream, controller.signal);
      await turn();
      stop(stream, controller);
      assert.equal(await done, false);
      assert.ok(returned);
    });
  }

  it("does not begin where it has been stopped before", async () => {
    let asked = false;
    const source = (async function* () {
      asked = true;
      yield 1;
    })();
    assert.equal(await writeAll(source, sink([]), AbortSignal.abort()), false);
    assert.ok(!asked);
  });

  it("rejects with what the source throws, and not with what it throws too late", async () => {
    const failing = (async function* () {
      yield 1;
      throw new Error("broken");
    })();
    await assert.rejects(writeAll(failing, sink([]), never), /broken/);
    const controller = new AbortController();
    const late = (async function* () {
      yield 1;
      await turn();
      throw new Error("nobody is told");
    })();
    const done = writeAll(late, sink([]), controller.signal);
    controller.abort();
    assert.equal(await done, false);
    await turn();
    await turn();
  });

  it("leaves nothing on the stream or the signal", async () => {
    const stream = sink([]);
    await writeAll(numbers(50), stream, never);
    assert.equal(stream.listenerCount("close") + stream.listenerCount("drain"), 0);
  });

  it("keeps nothing of what has been written, while it goes on", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    const messages: WeakRef<object>[] = [];
    let last = () => {};
    const source = (async function* () {
      for (let i = 0; i < 100; i++) {
        const message = {};
        messages.push(new WeakRef(message));
        yield message;
      }
      await new Promise<void>((resolve) => (last = resolve));
    })();
    const done = writeAll(
      source,
      new Writable({ objectMode: true, write: (_chunk, _encoding, next) => next() }),
      never,
    );
    while (messages.length < 100) await turn();
    await turn();
    collectGarbage();
    const kept = messages.filter((message) => message.deref() !== undefined).length;
    assert.ok(kept < 10, `${kept} of 100 messages are kept`);
    last();
    assert.equal(await done, true);
  });
});

/** Reads as a call does. */
async function* messages<T>(stream: Readable): AsyncGenerator<T> {
  const source = new Messages<T>(stream);
  try {
    for (;;) {
      const message = source.take();
      if (message !== undefined) yield message;
      else if (!(await source.arrival())) return;
    }
  } finally {
    source.leave();
  }
}

describe("reading messages", () => {
  it("gives them one by one, no sooner than they are asked for", async () => {
    let read = 0;
    const stream = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        this.push(read < 100 ? read++ : null);
      },
    });
    const reader = messages<number>(stream);
    assert.equal((await reader.next()).value, 0);
    for (let i = 0; i < 10; i++) await turn();
    assert.ok(read <= 4, `${read} were read`);
    const rest = [];
    for await (const message of reader) rest.push(message);
    assert.equal(rest.length, 99);
  });

  it("throws what the stream fails with, after what came before", async () => {
    const stream = new PassThrough({ objectMode: true });
    const reader = messages<number>(stream);
    stream.write(1);
    assert.equal((await reader.next()).value, 1);
    const next = reader.next();
    stream.destroy(new Error("gone"));
    await assert.rejects(next, /gone/);
  });

  it("ends when the stream closes, or has closed already", async () => {
    const stream = new PassThrough({ objectMode: true });
    const next = messages(stream).next();
    stream.destroy();
    assert.equal((await next).done, true);
    assert.equal((await messages(stream).next()).done, true);
  });

  it("leaves the stream open when the reader stops, and an error after that hurts nobody", async () => {
    const stream = new PassThrough({ objectMode: true });
    stream.write(1);
    for await (const _ of messages(stream)) break;
    assert.ok(!stream.destroyed);
    assert.equal(stream.listenerCount("readable"), 0);
    stream.destroy(new Error("nobody is told"));
    await turn();
  });
});
