import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { InterlockError } from "@interlock/bot";
import { startThread } from "./start-thread.js";

interface Counter {
  add(n: number): Promise<number>;
  refuse(): Promise<void>;
  fail(): Promise<void>;
  hang(): Promise<void>;
  close(): Promise<void>;
}

const script = `
  const { serveThread } = await import(${JSON.stringify(import.meta.resolve("./serve-thread.js"))});
  const { InterlockError } = await import(${JSON.stringify(import.meta.resolve("@interlock/bot"))});
  serveThread(async (start) => {
    if (start < 0) throw Object.assign(new Error("it starts below zero"), { code: "NEGATIVE" });
    let count = start;
    return {
      add: async (n) => (count += n),
      refuse: async () => { throw new InterlockError("NOT_FOUND", "There is none.", { reason: "NONE", domain: "d" }); },
      fail: async () => { throw Object.assign(new Error("disk full"), { code: "SQLITE_FULL" }); },
      hang: () => new Promise(() => {}),
      close: async () => {},
    };
  });`;

describe("a store on a thread", () => {
  let worker: Worker;
  const spawn = () => {
    worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { execArgv: [] });
    return worker;
  };
  const start = (from: number) => startThread<Counter>({ spawn, what: "counts in x", args: [from] });

  it("answers its calls in their order, and its errors as they are", async () => {
    const thread = await start(5);
    assert.deepEqual(await Promise.all([thread.call("add", 1), thread.call("add", 2)]), [6, 8]);
    await assert.rejects(thread.call("refuse"), (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual(
        [error.code, error.message, error.reason, error.domain],
        ["NOT_FOUND", "There is none.", "NONE", "d"],
      );
      return true;
    });
    await assert.rejects(thread.call("fail"), { message: "The counts in x: disk full", code: "SQLITE_FULL" });
    await thread.close();
    await assert.rejects(thread.call("add", 1), { message: "The counts in x are closed." });
    await thread.close();
  });

  it("is not there when it cannot be opened", async () => {
    const exit = new Promise((resolve) => {
      const failing = start(-1);
      worker.once("exit", resolve);
      void assert.rejects(failing, { message: "The counts in x: it starts below zero", code: "NEGATIVE" });
    });
    await exit;
  });

  it("rejects what waits for it when it ends", async () => {
    const thread = await start(0);
    const waiting = thread.call("hang");
    await worker.terminate();
    const ended = { message: "The thread of the counts in x has ended." };
    await assert.rejects(waiting, ended);
    await assert.rejects(thread.call("add", 1), ended);
    assert.equal(thread.over?.message, ended.message);
    await thread.close();
  });
});
