import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Worker } from "node:worker_threads";
import { places, type ThreadMessage, type ThreadTask } from "./thread-task.js";

describe("a thread of a scan", () => {
  it("tells what it finds, how far it has come, and that it has begun", async () => {
    const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const task: ThreadTask = {
      hosts: ["127.0.0.2", "127.0.0.1"].map((address) => ({
        host: address,
        address,
        ports: [{ from: port, to: port }],
      })),
      options: { concurrency: 4, perSecond: Number.POSITIVE_INFINITY, timeoutMs: 2_000, patienceMs: 2_000 },
      thread: 1,
      shared: new Int32Array(new SharedArrayBuffer(4 * (places.begun + 2))),
    };
    const worker = new Worker(new URL("./knock-thread.js", import.meta.url), { workerData: task });
    const messages: ThreadMessage[] = [];
    worker.on("message", (message) => messages.push(message));
    const [code] = await once(worker, "exit");
    server.close();
    assert.equal(code, 0);
    assert.deepEqual(
      messages.filter((message) => "port" in message),
      [{ host: 1, port }],
    );
    assert.deepEqual(messages.at(-1), { done: 2, silent: 0 });
    assert.deepEqual([...task.shared], [2, 0, 0, 1]);
  });
});
