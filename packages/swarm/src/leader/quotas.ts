import type { Clock } from "@interlock/bot";
import { createRateLimiter, type LocalRateLimiter } from "@interlock/bot/internal";
import type { Task } from "../gen/interlock/swarm/v1/swarm.js";
import { quotaError } from "../swarm-error.js";
import { laneOf } from "./lane.js";

/** The share of one submitter in a leader. What goes beyond is refused with `QUOTA_EXCEEDED`, which names the bound. */
export interface Quota {
  /** How many of its tasks may be open. Default: 10,000. */
  readonly openTasks: number;
  /** How many bytes the payloads of its open tasks may have together. Default: 33,554,432 (32 MiB). */
  readonly openBytes: number;
  /** How many tasks it may submit a second, after a burst. Default: 1,000. */
  readonly perSecond: number;
  /** How many tasks it may submit at once. Default: 5,000. */
  readonly burst: number;
  /** How many bytes the payloads that it submits may have a second, after a burst. Default: 4,194,304 (4 MiB). */
  readonly bytesPerSecond: number;
  /** How many bytes they may have at once. Default: 16,777,216 (16 MiB). */
  readonly burstBytes: number;
  /** The highest priority that its tasks may have. Default: 1,000. */
  readonly highestPriority: number;
  /** How many of its open tasks may have a priority above 0, and so go before those of others. Default: 1,000. */
  readonly raisedTasks: number;
  /**
   * How many different combinations of priority, fairness key and capabilities its open tasks may have: a leader looks at each of
   * them when it looks for a task. Default: 1,000.
   */
  readonly lanes: number;
}

const mebibyte = 1_024 * 1_024;

/** The default of each bound in {@link Quota}. */
export const defaultQuota: Quota = {
  openTasks: 10_000,
  openBytes: 32 * mebibyte,
  perSecond: 1_000,
  burst: 5_000,
  bytesPerSecond: 4 * mebibyte,
  burstBytes: 16 * mebibyte,
  highestPriority: 1_000,
  raisedTasks: 1_000,
  lanes: 1_000,
};

/** The part that counts what each submitter has open. Bound: one account for each submitter with an open task. */
export interface Quotas {
  /** Takes one from the submitter's rate; throws `QUOTA_EXCEEDED` when there is none. */
  take(submitter: string): void;
  /** Takes the bytes of a task from the submitter's rate; throws `QUOTA_EXCEEDED` when this task would be one too many. */
  admit(task: Task): void;
  /** Counts a task that is open now. */
  opened(task: Task): void;
  /** Counts it no longer. */
  closed(task: Task): void;
}

interface Account {
  openTasks: number;
  openBytes: number;
  raisedTasks: number;
  /** How many tasks there are of each lane. */
  readonly lanes: Map<string, number>;
}

/** Creates the accounts. `quotaOf` gives what differs from {@link defaultQuota} for a submitter. */
export function createQuotas(clock: Clock, quotaOf: (submitter: string) => Partial<Quota>): Quotas {
  const accounts = new Map<string, Account>();
  // By purpose and rate. Bound: as many as `quotaOf` gives.
  const limiters = new Map<string, LocalRateLimiter>();

  function quotaFor(submitter: string): Quota {
    return { ...defaultQuota, ...quotaOf(submitter) };
  }

  function limiterFor(what: "tasks" | "bytes", perSecond: number, burst: number): LocalRateLimiter {
    const name = `${what} ${perSecond}/${burst}`;
    const limiter = limiters.get(name) ?? createRateLimiter({ perSecond, burst });
    limiters.set(name, limiter);
    return limiter;
  }

  function move(task: Task, account: Account, by: 1 | -1): void {
    account.openTasks += by;
    account.openBytes += by * task.payload.length;
    if (task.priority > 0) account.raisedTasks += by;
    const lane = nameOf(task);
    const count = (account.lanes.get(lane) ?? 0) + by;
    if (count > 0) account.lanes.set(lane, count);
    else account.lanes.delete(lane);
  }

  return {
    take(submitter) {
      const { perSecond, burst } = quotaFor(submitter);
      if (limiterFor("tasks", perSecond, burst).take(submitter, clock.now()) === 0) return;
      throw quotaError("per_second", perSecond, "The submitter submits too many tasks a second");
    },
    admit(task) {
      const { submittedBy, priority, payload } = task;
      const quota = quotaFor(submittedBy);
      if (priority > quota.highestPriority) {
        throw quotaError("highest_priority", quota.highestPriority, `The priority ${priority} is too high`);
      }
      const account = accounts.get(submittedBy) ?? emptyAccount();
      if (account.openTasks >= quota.openTasks) {
        throw quotaError("open_tasks", quota.openTasks, "The submitter has too many open tasks");
      }
      if (account.openBytes + payload.length > quota.openBytes) {
        throw quotaError("open_bytes", quota.openBytes, "The submitter's open tasks have too many bytes together");
      }
      if (priority > 0 && account.raisedTasks >= quota.raisedTasks) {
        throw quotaError("raised_tasks", quota.raisedTasks, "The submitter has too many open tasks above priority 0");
      }
      if (account.lanes.size >= quota.lanes && !account.lanes.has(nameOf(task))) {
        throw quotaError(
          "lanes",
          quota.lanes,
          "The submitter's open tasks differ too much in priority, fairness key and capabilities",
        );
      }
      const { bytesPerSecond, burstBytes } = quota;
      const bytes = limiterFor("bytes", bytesPerSecond, burstBytes);
      if (payload.length > 0 && bytes.take(submittedBy, clock.now(), payload.length) > 0) {
        throw quotaError("bytes_per_second", bytesPerSecond, "The submitter submits too many bytes a second");
      }
    },
    opened(task) {
      const account = accounts.get(task.submittedBy) ?? emptyAccount();
      accounts.set(task.submittedBy, account);
      move(task, account, 1);
    },
    closed(task) {
      const account = accounts.get(task.submittedBy);
      if (!account) return;
      move(task, account, -1);
      if (account.openTasks === 0) accounts.delete(task.submittedBy);
    },
  };
}

function emptyAccount(): Account {
  return { openTasks: 0, openBytes: 0, raisedTasks: 0, lanes: new Map() };
}

function nameOf(task: Task): string {
  return JSON.stringify([task.priority, task.fairnessKey, laneOf(task)]);
}
