import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** A listener on 127.0.0.1, in a thread of its own, that resets each connection at once. */
export interface ResettingServer {
  readonly port: number;
  /** Blocks this thread until the next connection has been reset; after 5 s it throws. */
  waitForReset(): void;
  stop(): Promise<unknown>;
}

const source = `
const { createServer } = require("node:net");
const { parentPort, workerData: { resets, endsFirst } } = require("node:worker_threads");
const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {}).on("close", () => {
    Atomics.add(resets, 0, 1);
    Atomics.notify(resets, 0);
  });
  if (endsFirst) socket.end(() => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}).listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** @param endsFirst - Whether the listener says that it ends (FIN) before it resets. */
export async function startResetting(endsFirst: boolean): Promise<ResettingServer> {
  const resets = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, { eval: true, workerData: { resets, endsFirst } });
  const [port] = (await once(worker, "message")) as [number];
  return {
    port,
    waitForReset() {
      if (Atomics.wait(resets, 0, 0, 5_000) === "timed-out") throw new Error("no connection was reset within 5 s");
      Atomics.store(resets, 0, 0);
    },
    stop: () => worker.terminate(),
  };
}
