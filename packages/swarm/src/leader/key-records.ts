import type { TaskState } from "../gen/interlock/swarm/v1/swarm.js";

/** An idempotency key of a task that is forgotten. Hash and digest are the first 16 bytes of a SHA-256, one character each. */
export interface KeyRecord {
  readonly keyHash: string;
  readonly digest: string;
  readonly state: TaskState;
  readonly taskId: string;
}

const hashBytes = 16;
/** Two hashes, the state, and the length of the id. */
const fixedBytes = 2 * hashBytes + 1 + 2;

/** The form of a request's digest (SHA-256, in base64) in a {@link KeyRecord}. */
export function digestOf(digest: string): string {
  return Buffer.from(digest, "base64").toString("latin1", 0, hashBytes);
}

/** Packs records for the store: about 70 bytes each. */
export function packKeys(records: readonly KeyRecord[]): Uint8Array {
  const parts = records.map(({ keyHash, digest, state, taskId }) => {
    const id = Buffer.from(taskId, "utf8");
    const part = Buffer.alloc(fixedBytes + id.length);
    part.write(keyHash, 0, hashBytes, "latin1");
    part.write(digest, hashBytes, hashBytes, "latin1");
    part.writeUInt8(state, 2 * hashBytes);
    part.writeUInt16BE(id.length, 2 * hashBytes + 1);
    id.copy(part, fixedBytes);
    return part;
  });
  return Buffer.concat(parts);
}

/** Reads what {@link packKeys} has written. */
export function unpackKeys(packed: Uint8Array): KeyRecord[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const records: KeyRecord[] = [];
  for (let at = 0; at + fixedBytes <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2 * hashBytes + 1);
    records.push({
      keyHash: bytes.toString("latin1", at, at + hashBytes),
      digest: bytes.toString("latin1", at + hashBytes, at + 2 * hashBytes),
      state: bytes.readUInt8(at + 2 * hashBytes) as TaskState,
      taskId: bytes.toString("utf8", at + fixedBytes, at + fixedBytes + length),
    });
    at += fixedBytes + length;
  }
  return records;
}
