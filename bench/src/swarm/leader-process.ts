// A process that runs one leader.
import { joinFleet, silentLog } from "@interlock/bot";
import { createLeader, isClosed, type Leader, leaderRoutes } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { answerParent, tellParent } from "@interlock/testing-processes";
import { monotonicMs } from "../monotonic-ms.js";

export type LeaderAsk =
  | {
      readonly do: "lead";
      readonly authority: string;
      readonly name: string;
      readonly joinToken: string;
      readonly stateDir: string;
      readonly store: string;
    }
  /** Reports when that many more tasks are closed. */
  | { readonly do: "count"; readonly tasks: number }
  | { readonly do: "weigh" };

export interface LeaderAnswer {
  readonly address?: string;
  /** CPU time of the process so far, in microseconds. */
  readonly cpu?: number;
  /** Live objects after a collection, in bytes. */
  readonly heap?: number;
  readonly rss?: number;
  /** The number of workers that are connected. */
  readonly workers?: number;
}

export type LeaderEvent =
  /** A tenth of the tasks, or all of them, are closed. The time is by `monotonicMs`. */
  | { readonly closed: "tenth" | "all"; readonly at: number }
  | { readonly worker: string; readonly state: string; readonly at: number }
  | { readonly leads: boolean; readonly at: number };

let leader: Leader | undefined;
let left = 0;
let tenthAt = 0;

answerParent(async (ask: LeaderAsk): Promise<LeaderAnswer> => {
  switch (ask.do) {
    case "lead": {
      const bot = await joinFleet({ ...ask, log: silentLog });
      // One operator submits all tasks: no limit of its share.
      const quotaOf = () => ({ openTasks: 1e6, openBytes: 1e9, perSecond: 1e6, burst: 1e6 });
      leader = createLeader({ name: bot.name, store: await openTaskStore(ask.store), quotaOf, log: silentLog });
      leader.onTask(({ state }) => {
        if (left === 0 || !isClosed(state)) return;
        left--;
        if (left === tenthAt) tellParent({ closed: "tenth", at: monotonicMs() } satisfies LeaderEvent);
        if (left === 0) tellParent({ closed: "all", at: monotonicMs() } satisfies LeaderEvent);
      });
      leader.onWorker(({ worker, state }) => tellParent({ worker, state, at: monotonicMs() } satisfies LeaderEvent));
      leader.onLead((leads) => tellParent({ leads, at: monotonicMs() } satisfies LeaderEvent));
      if (leader.leads) tellParent({ leads: true, at: monotonicMs() } satisfies LeaderEvent);
      // One operator submits all tasks: no rate limit.
      const callerRate = { perSecond: 1e6, burst: 1e6 };
      const { address } = await bot.serve({ port: 0, callerRate }, leaderRoutes(leader));
      return { address };
    }
    case "count":
      left = ask.tasks;
      tenthAt = Math.floor(ask.tasks * 0.9);
      return {};
    case "weigh": {
      globalThis.gc?.();
      const { user, system } = process.cpuUsage();
      const { heapUsed, external, rss } = process.memoryUsage();
      const workers = leader?.leads ? leader.active().workers().length : 0;
      return { cpu: user + system, heap: heapUsed + external, rss, workers };
    }
  }
});
