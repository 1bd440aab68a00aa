import { createFence } from "@interlock/swarm";
import type { SwarmProcess } from "./swarm-fleet.js";

/** The target of the tasks' effects: outside the swarm, behind a fence. It counts the effects. */
export interface Sink {
  /** Answers a worker's question. */
  attach(worker: SwarmProcess): SwarmProcess;
  /** The number of effects of a task. */
  effects(taskId: string): number;
  /** The number of effects of all tasks. */
  total(): number;
  /** The number of tokens that were refused because of a higher one. */
  stale(): number;
}

/**
 * Creates an empty sink. It trusts no worker: an effect happens if, and only if, its token is the highest that it has seen
 * for the task. It does not prevent repeated effects itself.
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
