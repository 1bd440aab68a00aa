import { Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredTask } from "../store/task-store.js";
import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";

/** An entry as the store keeps it. */
export function toStored({ task, sequence, key, digest, sessionId }: Entry): StoredTask {
  return {
    ...{ taskId: task.taskId, sequence, revision: Number(task.revision), state: task.state },
    ...{ sessionId: isHeld(task.state) ? sessionId : "", idempotencyKey: key, requestDigest: digest },
    task: Task.encode(task).finish(),
  };
}

/** An entry as the store has kept it. Whoever held it has until `expiresAt` to say that he still does. */
export function fromStored(stored: StoredTask, expiresAt: number): Entry {
  const { sequence, idempotencyKey: key, requestDigest: digest, sessionId } = stored;
  return { task: Task.decode(stored.task), sequence, key, digest, sessionId, expiresAt, stored: true, avoid: "" };
}
