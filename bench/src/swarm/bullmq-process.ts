// BullMQ's side: many workers in one process, each with its own connections, whose jobs cost nothing.

import { answerParent, tellParent } from "@interlock/testing-processes";
import { Worker } from "bullmq";
import { monotonicMs } from "../monotonic-ms.js";

export interface BullAsk {
  readonly queue: string;
  /** A Unix socket. */
  readonly path: string;
  readonly workers: number;
  /** The number of jobs that each of them does at a time. */
  readonly concurrency: number;
  readonly tasks: number;
}

answerParent(async ({ queue, path, workers, concurrency, tasks }: BullAsk): Promise<object> => {
  let left = tasks;
  const tenthAt = Math.floor(tasks * 0.9);
  for (let i = 0; i < workers; i++) {
    const worker = new Worker(queue, async () => "", { connection: { path }, concurrency });
    worker.on("completed", () => {
      left--;
      if (left === tenthAt) tellParent({ closed: "tenth", at: monotonicMs() });
      if (left === 0) tellParent({ closed: "all", at: monotonicMs() });
    });
  }
  return {};
});
