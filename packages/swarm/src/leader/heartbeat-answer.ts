import { cancellationBytes } from "../batching.js";
import { type Cancellation, TaskState, WorkerState } from "../gen/interlock/swarm/v1/swarm.js";
import { leaseOf } from "../lease.js";
import { pageBytes } from "./limits.js";
import type { TaskTable } from "./task-table.js";
import { response, type WorkerSession } from "./worker-session.js";

/** As many cancellations, the oldest first, as fit into one message: a worker that has stopped them is told the next. */
function within(canceled: Iterable<Cancellation>): Cancellation[] {
  const some: Cancellation[] = [];
  let weight = 0;
  for (const each of canceled) {
    weight += cancellationBytes(each);
    if (weight > pageBytes) break;
    some.push(each);
  }
  return some;
}

/** Answers the latest heartbeat of a worker, again if need be: with all that it has to stop or to hold still. */
export type AnswerHeartbeat = (session: WorkerSession) => void;

/** Creates the function that answers heartbeats. */
export function createHeartbeatAnswer(table: Pick<TaskTable, "get">, heartbeatPeriodMs: number): AnswerHeartbeat {
  return (session) => {
    const tasks = [...session.held].map((taskId) => table.get(taskId).task);
    const paused = tasks.filter(({ state }) => state === TaskState.TASK_STATE_PAUSED);
    // The key: for a worker that does not read, the latest answer takes the place of the one before.
    session.sink?.send(
      response("heartbeatAnswer", {
        nextPeriodMs: heartbeatPeriodMs,
        sequence: session.heard,
        cancel: within(session.canceled.values()),
        pause: paused.map(leaseOf),
        drain: session.state === WorkerState.WORKER_STATE_DRAINING,
      }),
      "heartbeat",
    );
  };
}
