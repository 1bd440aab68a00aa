import { type Clock, systemClock } from "@interlock/bot";
import type { MetricSource } from "@interlock/bot/metrics";
import { TaskState, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { taskStateName } from "../task-state.js";
import type { Leader } from "./leader.js";
import { swarmMetrics } from "./swarm-metrics.js";

const taskStates = Object.values(TaskState).filter((state) => state > TaskState.TASK_STATE_UNSPECIFIED);
const workerStates = Object.entries(WorkerState).filter(([, state]) => state > WorkerState.WORKER_STATE_UNSPECIFIED);

/**
 * Creates the metrics of a leader: its queue, its tasks and workers by state, whether it leads. While it stands by, it reports
 * only that.
 *
 * @param leader - The leader to read.
 * @param clock - The time. Default: the clock of the machine.
 * @returns The source that the metrics of its bot take.
 * @example
 * ```ts
 * bot.metrics.add(leaderMetrics(leader));
 * ```
 */
export function leaderMetrics(leader: Pick<Leader, "leads" | "active">, clock: Clock = systemClock): MetricSource {
  const of = swarmMetrics;
  return {
    scope: "@interlock/swarm",
    definitions: Object.values(of),
    observe(see) {
      see(of.leads, leader.leads ? 1 : 0);
      if (!leader.leads) return;
      const { tally, safety } = leader.active();
      const { tasks, workers, waitingSince } = tally();
      for (const state of taskStates)
        see(of.tasks, tasks.get(state) ?? 0, { "interlock.task.state": taskStateName(state) });
      for (const [name, state] of workerStates) {
        see(of.workers, workers.get(state) ?? 0, { "interlock.worker.state": name.replace("WORKER_STATE_", "") });
      }
      see(of.wait, waitingSince === undefined ? 0 : Math.max(0, clock.now() - waitingSince) / 1_000);
      see(of.stopped, safety.latched ? 1 : 0);
    },
  };
}
