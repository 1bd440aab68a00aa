import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ListTasksResponse, Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredTask } from "../store/task-store.js";
import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";
import { taskBytes } from "./task-bytes.js";

/** Encodes entries for the store. Those that cannot be encoded are `refused`, and no other because of them. */
export function toStored(entries: readonly Entry[]): { stored: StoredTask[]; refused: Entry[] } {
  try {
    return { stored: encodeAll(entries), refused: [] };
  } catch {
    const refused = entries.filter((entry) => !isEncodable(entry));
    return { stored: encodeAll(entries.filter((entry) => !refused.includes(entry))), refused };
  }
}

function isEncodable({ task }: Entry): boolean {
  try {
    Task.encode(task);
    return true;
  } catch {
    return false;
  }
}

/** Encodes entries into one buffer: a buffer for each would cost more than the encoding. */
function encodeAll(entries: readonly Entry[]): StoredTask[] {
  const list = { tasks: entries.map(({ task }) => task), nextPageToken: "" };
  const reader = new BinaryReader(ListTasksResponse.encode(list).finish());
  return entries.map(({ task, sequence, key, digest, sessionId }) => {
    reader.tag();
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

/** Decodes an entry. The worker that held it has until `expiresAt` to confirm that it still does. */
export function fromStored(stored: StoredTask, expiresAt: number): Entry {
  const { sequence, idempotencyKey: key, requestDigest: digest, sessionId } = stored;
  const task = Task.decode(stored.task);
  return {
    task,
    bytes: taskBytes(task),
    sequence,
    key,
    digest,
    sessionId,
    expiresAt,
    stored: true,
    unwritable: false,
    avoid: "",
  };
}
