import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ListTasksResponse, Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredTask } from "../store/task-store.js";
import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";
import { taskBytes } from "./task-bytes.js";

/** A payload of more bytes is kept apart: it is encoded and written once, and not with each change of its task. */
const apartAbove = 4_096;
const nothing = Buffer.alloc(0);

/**
 * Encodes entries for the store, which does not have the `created` ones yet. Those that cannot be encoded are `refused`, and no other
 * because of them.
 */
export function toStored(
  entries: readonly Entry[],
  created: ReadonlySet<Entry>,
): { stored: StoredTask[]; refused: Entry[] } {
  try {
    return { stored: encodeAll(entries, created), refused: [] };
  } catch {
    const refused = entries.filter((entry) => !isEncodable(entry));
    return {
      stored: encodeAll(
        entries.filter((entry) => !refused.includes(entry)),
        created,
      ),
      refused,
    };
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
function encodeAll(entries: readonly Entry[], created: ReadonlySet<Entry>): StoredTask[] {
  const list = { tasks: entries.map(withoutLongPayload), nextPageToken: "" };
  const reader = new BinaryReader(ListTasksResponse.encode(list).finish());
  return entries.map((entry) => {
    const { task, sequence, key, digest, sessionId } = entry;
    reader.tag();
    const apart = hasPayloadApart(entry);
    return {
      taskId: task.taskId,
      sequence,
      revision: Number(task.revision),
      state: task.state,
      sessionId: isHeld(task.state) ? sessionId : "",
      idempotencyKey: key,
      requestDigest: digest,
      task: reader.bytes(),
      payloadApart: apart ? 1 : 0,
      payload: apart && created.has(entry) ? task.payload : undefined,
    };
  });
}

function withoutLongPayload(entry: Entry): Task {
  return hasPayloadApart(entry) ? { ...entry.task, payload: nothing } : entry.task;
}

function hasPayloadApart({ task, payloadWithin }: Entry): boolean {
  return task.payload.length > apartAbove && !payloadWithin;
}

/**
 * Decodes an entry.
 *
 * @param stored - The task, as a store gives it.
 * @param expiresAt - Until then the worker that held it has to confirm that it still does.
 * @throws An `Error` where it cannot be read, or its payload is missing.
 */
export function fromStored(stored: StoredTask, expiresAt: number): Entry {
  const { sequence, idempotencyKey: key, requestDigest: digest, sessionId } = stored;
  const task = Task.decode(stored.task);
  if (stored.payloadApart) {
    if (!stored.payload) throw new Error("its payload is missing");
    task.payload = Buffer.from(stored.payload.buffer, stored.payload.byteOffset, stored.payload.byteLength);
  }
  return {
    task,
    bytes: taskBytes(task),
    sequence,
    key,
    digest,
    sessionId,
    expiresAt,
    stored: true,
    payloadWithin: !stored.payloadApart,
    unwritable: false,
    avoid: "",
  };
}
