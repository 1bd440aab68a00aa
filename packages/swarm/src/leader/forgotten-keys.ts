import { createHash } from "node:crypto";
import type { Clock } from "@interlock/bot";
import { monotonicOf } from "@interlock/bot/internal";
import type { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredKeys } from "../store/task-store.js";
import type { Entry } from "./entry.js";
import type { Journal } from "./journal.js";
import { digestOf, type KeyRecord, packKeys, unpackKeys } from "./key-records.js";

/** What is left of a task that is forgotten: enough to know the same order again. */
export interface ForgottenTask {
  readonly taskId: string;
  readonly state: TaskState;
  /** Whether the request that made it had this digest. */
  isOf(digest: string): boolean;
}

/**
 * The idempotency keys of tasks that are forgotten. Bounds: `keepMs` after the task was closed, and `bytes` for all of them;
 * beyond either the oldest go, some thousands at a time.
 */
export interface ForgottenKeys {
  /** What is left of the task with this key. */
  find(key: string): ForgottenTask | undefined;
  /** Adds the keys of closed tasks that are forgotten now. */
  add(entries: readonly Entry[]): void;
  /** Drops the keys whose time is over. */
  expire(): void;
}

export interface ForgottenKeysOptions {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "remember" | "forgetKeys">;
  /** Gives a number above all earlier ones, over all leaders. */
  readonly nextSequence: () => bigint;
  /** What earlier leaders have left, in order. */
  readonly stored: readonly StoredKeys[];
  readonly keepMs: number;
  readonly bytes: number;
  /** Takes how old the oldest key was that had to go before its time, in milliseconds; at most once an hour. */
  readonly onShort: (ageMs: number) => void;
}

/** Keys that are dropped together. Small maps: one that grows to a million entries stands still for long when it is rehashed. */
interface Generation {
  readonly tasks: Map<string, string>;
  bytes: number;
  oldestAt: number;
  newestAt: number;
  lastSequence: number;
}

const keysOfGeneration = 8_192;
/** A generation spans at most this share of the time that keys are kept. */
const shareOfTime = 1 / 24;
/** What an entry of a map takes beside the characters of its strings. */
const overheadBytes = 96;
const tellEveryMs = 3_600_000;

/** Creates it with the keys of earlier leaders. */
export function createForgottenKeys(options: ForgottenKeysOptions): ForgottenKeys {
  const { clock, journal, nextSequence, keepMs, onShort } = options;
  const generations: Generation[] = [];
  const steady = monotonicOf(clock);
  let bytes = 0;
  let tellAgainAt = Number.NEGATIVE_INFINITY;
  for (const { sequence, closedAt, keys } of options.stored) put(sequence, closedAt, unpackKeys(keys));

  function put(sequence: number, closedAt: number, records: readonly KeyRecord[]): void {
    let latest = generations.at(-1);
    if (!latest || latest.tasks.size >= keysOfGeneration || closedAt - latest.oldestAt > keepMs * shareOfTime) {
      latest = { tasks: new Map(), bytes: 0, oldestAt: closedAt, newestAt: closedAt, lastSequence: sequence };
      generations.push(latest);
    }
    for (const { keyHash, digest, state, taskId } of records) {
      const value = `${digest}${String.fromCharCode(state)}${taskId}`;
      latest.tasks.set(keyHash, value);
      const size = overheadBytes + keyHash.length + value.length;
      latest.bytes += size;
      bytes += size;
    }
    latest.newestAt = Math.max(latest.newestAt, closedAt);
    latest.lastSequence = sequence;
  }

  function drop(): void {
    const oldest = generations.shift();
    if (!oldest) return;
    bytes -= oldest.bytes;
    journal.forgetKeys(oldest.lastSequence);
  }

  return {
    find(key) {
      if (key === "" || generations.length === 0) return undefined;
      const hash = hashOf(key);
      for (let i = generations.length - 1; i >= 0; i--) {
        const value = generations[i]?.tasks.get(hash);
        if (value === undefined) continue;
        const digest = value.slice(0, 16);
        const state = value.charCodeAt(16) as TaskState;
        return { taskId: value.slice(17), state, isOf: (other) => digestOf(other) === digest };
      }
      return undefined;
    },
    add(entries) {
      if (keepMs <= 0) return;
      const records: KeyRecord[] = [];
      let closedAt = 0;
      for (const { key, digest, task } of entries) {
        if (key === "") continue;
        const { taskId, state, updatedAt } = task;
        records.push({ keyHash: hashOf(key), digest: digestOf(digest), state, taskId });
        closedAt = Math.max(closedAt, updatedAt?.getTime() ?? 0);
      }
      if (records.length === 0) return;
      const sequence = Number(nextSequence());
      put(sequence, closedAt, records);
      journal.remember({ sequence, closedAt, keys: packKeys(records) });
      while (bytes > options.bytes && generations.length > 0) {
        const ageMs = clock.now() - (generations[0]?.newestAt ?? 0);
        drop();
        if (steady.now() < tellAgainAt) continue;
        tellAgainAt = steady.now() + tellEveryMs;
        onShort(Math.max(0, ageMs));
      }
    },
    expire() {
      while (generations[0] && generations[0].newestAt + keepMs <= clock.now()) drop();
    },
  };
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest().toString("latin1", 0, 16);
}
