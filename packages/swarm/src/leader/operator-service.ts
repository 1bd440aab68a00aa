import type { Implementation } from "@interlock/bot";
import { activeTraceparent } from "@interlock/bot/internal";
import { type Task, UpdateType } from "../gen/interlock/swarm/v1/swarm.js";
import type { OperatorService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { type Batching, createOutbox } from "../outbox.js";
import { swarmError } from "../swarm-error.js";
import { check } from "./check.js";
import type { Leader } from "./leader.js";
import { pageTasks, updateBytes } from "./limits.js";
import { watchTasksRules } from "./request-rules.js";
import { taskBytes } from "./task-bytes.js";
import { inView } from "./task-view.js";
import { workerPage } from "./worker-page.js";

const maximumWaiting = 100_000;

/** Changes that come up together are one message: a message costs as much as many tasks in it. */
const taskBatching: Batching<Task[]> = {
  atMost: updateBytes,
  join: (messages) => messages.flat(),
  weigh: (tasks) => tasks.reduce((sum, task) => sum + Math.max(taskBytes(task), updateBytes / pageTasks), 0),
};

/** Creates the service for the operators of a leader: they submit tasks and follow them. */
export function operatorService(leader: Pick<Leader, "active">): Implementation<typeof OperatorService> {
  return {
    submitTask: (request, { caller }) => leader.active().submit(caller.name, request, activeTraceparent()),
    getTask: async ({ taskId }) => ({ task: await leader.active().get(taskId) }),
    async listTasks(request, { caller }) {
      const dispatcher = leader.active();
      dispatcher.reads.take(caller.name);
      await dispatcher.reads.turn();
      const page = await dispatcher.list(request);
      await dispatcher.reads.turn();
      return page;
    },
    async listWorkers({ pageToken }, { caller }) {
      const dispatcher = leader.active();
      dispatcher.reads.take(caller.name);
      await dispatcher.reads.turn();
      return workerPage(dispatcher.workers(), pageToken);
    },
    cancelTask: async ({ taskId, reason }) => ({ task: await leader.active().cancel(taskId, reason) }),
    cancelTasks: (request) => leader.active().cancelAll(request),
    pauseTask: async ({ taskId }) => ({ task: await leader.active().pause(taskId) }),
    resumeTask: async ({ taskId }) => ({ task: await leader.active().resume(taskId) }),
    drainWorker: ({ worker }) => ({ worker: leader.active().drain(worker) }),
    async *watchTasks(request, { caller, signal }) {
      const { taskIds, cursor: from, view } = request;
      check(request, watchTasksRules);
      const dispatcher = leader.active();
      dispatcher.reads.take(caller.name);
      const unwatch = dispatcher.reads.watch(caller.name, "tasks");
      const watched = new Set(taskIds);
      const wanted = ({ taskId }: Task) => watched.size === 0 || watched.has(taskId);
      // A change replaces an earlier one of the same task that was not sent yet.
      const changes = createOutbox<Task[]>({
        limit: maximumWaiting,
        overflow: () => swarmError("WATCHER_SLOW"),
        batching: () => taskBatching,
      });
      const end = () => changes.end();
      const unsubscribe = [
        unwatch,
        dispatcher.onTask((task) => wanted(task) && changes.send([inView(task, view)], task.taskId)),
        dispatcher.onEnd((error) => changes.end(error)),
      ];
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      try {
        const { complete, pages, cursor } = dispatcher.since(from, wanted, view);
        let type = complete ? UpdateType.UPDATE_TYPE_COMPLETE : UpdateType.UPDATE_TYPE_INCREMENTAL;
        let before: Task[] | undefined; // The last page carries the cursor, so each waits for the one behind it.
        for (const page of pages) {
          // A long list lets everything else come in between: an emergency stop.
          await dispatcher.settled();
          await dispatcher.reads.turn();
          if (page.length === 0) continue;
          if (before) {
            yield { type, tasks: before, cursor: "" };
            type = UpdateType.UPDATE_TYPE_INCREMENTAL;
          }
          before = [...page];
        }
        yield { type, tasks: before ?? [], cursor };
        type = UpdateType.UPDATE_TYPE_INCREMENTAL;
        for await (const tasks of changes) yield { type, tasks, cursor: String(tasks.at(-1)?.revision) };
      } finally {
        for (const each of unsubscribe) each();
        signal.removeEventListener("abort", end);
      }
    },
  };
}
