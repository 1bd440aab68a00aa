import { createFence } from "@interlock/swarm";
import type { SwarmProcess } from "./swarm-fleet.js";

/** Where the effects of the tasks go: outside of the swarm, behind a fence. It counts them. */
export interface Sink {
  /** Answers what a worker asks. */
  attach(worker: SwarmProcess): SwarmProcess;
  /** How many effects a task has had. */
  effects(taskId: string): number;
  /** How many effects all tasks have had. */
  total(): number;
  /** How often it has refused a token because it had seen a higher one. */
  stale(): number;
}

/**
 * Makes an empty sink. It believes no worker: an effect happens if, and only if, its token is the highest that it has
 * been shown for the task. That nothing happens twice is not its doing.
 */
export function createSink(): Sink {
  const fence = createFence();
  const effects = new Map<string, number>();
  let total = 0;
  let stale = 0;

  function answer(what: "begin" | "apply", taskId: string, leaseToken: bigint): string {
    if (!fence.admits(taskId, leaseToken)) {
      stale++;
      return "stale";
    }
    const count = effects.get(taskId) ?? 0;
    if (what === "begin") return count > 0 ? "done" : "begun";
    effects.set(taskId, count + 1);
    total++;
    return "applied";
  }

  return {
    attach(worker) {
      worker.onReport((report) => {
        if (report.type !== "ask") return;
        const { id, what, taskId, leaseToken } = report;
        worker.send({ type: "answer", id, answer: answer(what, taskId, BigInt(leaseToken)) });
      });
      return worker;
    },
    effects: (taskId) => effects.get(taskId) ?? 0,
    total: () => total,
    stale: () => stale,
  };
}
