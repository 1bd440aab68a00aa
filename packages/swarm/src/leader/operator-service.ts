import type { Implementation } from "@interlock/bot";
import { type Task, UpdateType } from "../gen/interlock/swarm/v1/swarm.js";
import type { OperatorService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { createOutbox } from "../outbox.js";
import { swarmError } from "../swarm-error.js";
import { check } from "./check.js";
import type { Leader } from "./leader.js";
import { watchTasksRules } from "./request-rules.js";

const tasksPerMessage = 100;
const maximumWaiting = 100_000;

/** Creates the service for the operators of a leader: they submit tasks and follow them. */
export function operatorService(leader: Pick<Leader, "active">): Implementation<typeof OperatorService> {
  return {
    submitTask: (request, { caller }) => leader.active().submit(caller.name, request),
    getTask: async ({ taskId }) => ({ task: await leader.active().get(taskId) }),
    listTasks: (request) => leader.active().list(request),
    listWorkers: () => ({ workers: leader.active().workers() }),
    cancelTask: async ({ taskId, reason }) => ({ task: await leader.active().cancel(taskId, reason) }),
    pauseTask: async ({ taskId }) => ({ task: await leader.active().pause(taskId) }),
    resumeTask: async ({ taskId }) => ({ task: await leader.active().resume(taskId) }),
    drainWorker: ({ worker }) => ({ worker: leader.active().drain(worker) }),
    async *watchTasks(request, { signal }) {
      const { taskIds, cursor: from } = request;
      check(request, watchTasksRules);
      const dispatcher = leader.active();
      const watched = new Set(taskIds);
      const wanted = ({ taskId }: Task) => watched.size === 0 || watched.has(taskId);
      // A change replaces an earlier one of the same task that was not sent yet.
      const changes = createOutbox<Task>({ limit: maximumWaiting, overflow: () => swarmError("WATCHER_SLOW") });
      const end = () => changes.end();
      const unsubscribe = [
        dispatcher.onTask((task) => wanted(task) && changes.send(task, task.taskId)),
        dispatcher.onEnd((error) => changes.end(error)),
      ];
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      try {
        const { complete, tasks, cursor } = dispatcher.since(from);
        await dispatcher.settled();
        const all = tasks.filter(wanted);
        let type = complete ? UpdateType.UPDATE_TYPE_COMPLETE : UpdateType.UPDATE_TYPE_INCREMENTAL;
        do {
          const some = all.splice(0, tasksPerMessage);
          yield { type, tasks: some, cursor: all.length > 0 ? "" : cursor };
          type = UpdateType.UPDATE_TYPE_INCREMENTAL;
        } while (all.length > 0);
        for await (const task of changes) yield { type, tasks: [task], cursor: String(task.revision) };
      } finally {
        for (const each of unsubscribe) each();
        signal.removeEventListener("abort", end);
      }
    },
  };
}
