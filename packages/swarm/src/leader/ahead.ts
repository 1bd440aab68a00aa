import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { Entry } from "./entry.js";

/**
 * A task that a swift worker is told of as soon as it is free. The assignment is written while the worker still does the tasks
 * before, so that it waits for no disk. Until the worker is told, others may have the task.
 */
export interface Ahead {
  readonly entry: Entry;
  readonly leaseToken: bigint;
  /** When it was chosen, in milliseconds of the monotonic time. */
  readonly since: number;
  /** Whether the assignment is on the disk. A worker is told of none that is not. */
  onDisk: boolean;
}

/** How quickly a worker does its tasks. Times are in milliseconds, by the monotonic time. */
export interface Speed {
  /** When the worker was last told of a task. */
  toldAt: number;
  /** How long it took from then until it had completed one. */
  tookMs: number;
  /** How many tasks in a row it has completed within {@link swiftMs}. */
  swiftTasks: number;
}

/** The most tasks that a worker has ahead. */
export const aheadAtMost = 8;
/** With more than so many ahead a worker goes on for a while without a transaction. */
const plenty = aheadAtMost / 2;
/** A worker is swift after so many tasks in a row, each completed within `swiftMs`. */
const swiftAfter = 16;
/** Several times what a transaction takes; so long may a task of a higher priority wait behind those that are ahead. */
const swiftMs = 20;
/** A task that is ahead for so long goes to others. */
const keptMs = 250;

/** The speed of a worker that has done nothing yet. */
export function createSpeed(): Speed {
  return { toldAt: 0, tookMs: swiftMs, swiftTasks: 0 };
}

/** Counts a task that a worker has brought into this `state`, which ends it. */
export function noteEnd(speed: Speed, state: TaskState, now: number): void {
  speed.tookMs = now - speed.toldAt;
  const swift = state === TaskState.TASK_STATE_COMPLETED && speed.tookMs < swiftMs;
  speed.swiftTasks = swift ? speed.swiftTasks + 1 : 0;
}

/** Whether a worker does its tasks so quickly that the next ones are worth being written in advance. */
export function isSwift({ swiftTasks }: Speed): boolean {
  return swiftTasks >= swiftAfter;
}

/** How many tasks a worker may have ahead: what it does within {@link swiftMs}. */
export function aheadOf(speed: Speed): number {
  if (!isSwift(speed)) return 0;
  return Math.min(aheadAtMost, Math.ceil(swiftMs / Math.max(speed.tookMs, 1)));
}

/** Whether a worker has so much ahead that its results may wait for those of its next tasks, and share a transaction with them. */
export function hasPlenty(ahead: readonly Ahead[]): boolean {
  return ahead[plenty]?.onDisk === true; // They come onto the disk in order.
}

/** Whether others should have a task that was ahead for so long. */
export function isStale({ since }: Ahead, now: number): boolean {
  return now - since >= keptMs;
}
