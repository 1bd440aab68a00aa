import type { Implementation } from "@interlock/bot";
import type { Dispatcher } from "./dispatcher.js";
import { type Task, UpdateType } from "./gen/interlock/swarm/v1/swarm.js";
import type { OperatorService } from "./gen/interlock/swarm/v1/swarm_interlock.js";
import { createOutbox } from "./outbox.js";
import { swarmError } from "./swarm-error.js";

const tasksPerMessage = 100;
const maximumWaiting = 100_000;

/** Serves those who submit tasks to a dispatcher and follow them. */
export function operatorService(dispatcher: Dispatcher): Implementation<typeof OperatorService> {
  return {
    submitTask: (request, { caller }) => dispatcher.submit(caller.name, request),
    getTask: ({ taskId }) => ({ task: dispatcher.get(taskId) }),
    listTasks: (request) => dispatcher.list(request),
    cancelTask: ({ taskId, reason }) => ({ task: dispatcher.cancel(taskId, reason.slice(0, 500)) }),
    async *watchTasks({ taskIds }, { signal }) {
      const watched = new Set(taskIds);
      const wanted = ({ taskId }: Task) => watched.size === 0 || watched.has(taskId);
      // A change takes the place of an earlier one of the same task that has not been sent.
      const changes = createOutbox<Task>(maximumWaiting, () => swarmError("WATCHER_SLOW"));
      const unsubscribe = dispatcher.onTask((task) => wanted(task) && changes.send(task, task.taskId));
      const end = () => changes.end();
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      try {
        const all = [...dispatcher.tasks()].filter(wanted);
        yield { type: UpdateType.UPDATE_TYPE_COMPLETE, tasks: all.splice(0, tasksPerMessage) };
        while (all.length > 0)
          yield { type: UpdateType.UPDATE_TYPE_INCREMENTAL, tasks: all.splice(0, tasksPerMessage) };
        for await (const task of changes) yield { type: UpdateType.UPDATE_TYPE_INCREMENTAL, tasks: [task] };
      } finally {
        unsubscribe();
        signal.removeEventListener("abort", end);
      }
    },
  };
}
