import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ListTasksResponse, Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredTask } from "../store/task-store.js";
import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";

/** Entries as the store keeps them. Their bytes stand in one buffer: one for each would cost more than the encoding. */
export function toStored(entries: readonly Entry[]): StoredTask[] {
  const list = { tasks: entries.map(({ task }) => task), nextPageToken: "" };
  const reader = new BinaryReader(ListTasksResponse.encode(list).finish());
  return entries.map(({ task, sequence, key, digest, sessionId }) => {
    reader.tag();
    // Written out, and not put together from parts, as it is for every change of every task.
    return {
      taskId: task.taskId,
      sequence,
      revision: Number(task.revision),
      state: task.state,
      sessionId: isHeld(task.state) ? sessionId : "",
      idempotencyKey: key,
      requestDigest: digest,
      task: reader.bytes(),
    };
  });
}

/** An entry as the store has kept it. Whoever held it has until `expiresAt` to say that he still does. */
export function fromStored(stored: StoredTask, expiresAt: number): Entry {
  const { sequence, idempotencyKey: key, requestDigest: digest, sessionId } = stored;
  return { task: Task.decode(stored.task), sequence, key, digest, sessionId, expiresAt, stored: true, avoid: "" };
}
