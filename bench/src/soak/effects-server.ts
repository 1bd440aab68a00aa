import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createFence } from "@interlock/swarm";

/** The effects of tasks, outside the swarm, behind a fence: a later attempt shuts out the earlier ones. */
export interface Effects {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** How often the effect of a task has happened. */
  times(taskId: string): number;
  close(): Promise<void>;
}

/** Starts a server of effects on a free port of 127.0.0.1. */
export async function startEffects(): Promise<Effects> {
  const fence = createFence();
  const times = new Map<string, number>();

  function answer(what: string, taskId: string, leaseToken: bigint): string {
    if (!fence.admits(taskId, leaseToken)) return "stale";
    if (what === "begin") return times.has(taskId) ? "done" : "go";
    times.set(taskId, (times.get(taskId) ?? 0) + 1);
    return "applied";
  }

  const server = createServer((request, response) => {
    const [, what = "", taskId = "", leaseToken = "0"] = (request.url ?? "").split("/");
    response.end(answer(what, taskId, BigInt(leaseToken)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    times: (taskId) => times.get(taskId) ?? 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
