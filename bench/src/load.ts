import type { EchoClient } from "./echo-client.js";
import { quantile } from "./statistics.js";

/** The calls that a client makes. */
export interface Load {
  readonly method: "echo" | "repeat";
  readonly calls: number;
  /** The number of calls under way at any time. */
  readonly inFlight: number;
  /** The number of messages that each call brings back. */
  readonly messages: number;
  /** The size of the payload in bytes. */
  readonly bytes: number;
}

/** The times of one turn, as the client measured them. */
export interface LoadTimes {
  readonly seconds: number;
  /** Of a whole call, in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Makes all calls of `load`, and checks that each brought back what it should. */
export async function runLoad(client: EchoClient, load: Load): Promise<LoadTimes> {
  const call = createCall(client, load);
  const latencies = new Float64Array(load.calls);
  const started = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: load.inFlight }, work));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort();
  return { seconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };

  async function work(): Promise<void> {
    while (next < load.calls) {
      const index = next++;
      const from = performance.now();
      await call();
      latencies[index] = (performance.now() - from) * 1000;
    }
  }
}

function createCall(client: EchoClient, { method, messages, bytes }: Load): () => Promise<void> {
  const payload = Buffer.alloc(bytes, "x");
  if (method === "echo") {
    return async () => {
      const { received } = await client.echo({ payload });
      if (received !== bytes) throw new Error(`${received} bytes arrived of ${bytes}`);
    };
  }
  return async () => {
    let received = 0;
    await client.repeat({ count: messages, payload }, () => received++);
    if (received !== messages) throw new Error(`${received} messages arrived of ${messages}`);
  };
}
