/** The bounds of what a task may contain and of all tasks together. */
export interface Limits {
  /** The longest payload of a task, in bytes. Default: 1,048,576 (1 MiB). */
  readonly payloadBytes: number;
  /** The longest result of a task, in bytes. A longer one fails the task. Default: 1,048,576 (1 MiB). */
  readonly resultBytes: number;
  /** The longest checkpoint of a task, in bytes. A longer one fails the task. Default: 1,048,576 (1 MiB). */
  readonly checkpointBytes: number;
  /** The bytes of all open tasks together; more is refused with `TASK_LIMIT`. Default: 268,435,456 (256 MiB). */
  readonly openBytes: number;
  /** The bytes of all closed tasks together; beyond that the oldest is forgotten. Default: 67,108,864 (64 MiB). */
  readonly closedBytes: number;
  /**
   * The bytes of the idempotency keys of all tasks that are no longer kept, about 150 for each; beyond that the oldest are
   * forgotten before their time. Default: 134,217,728 (128 MiB).
   */
  readonly keyBytes: number;
}

const mebibyte = 1_024 * 1_024;

/** The default of each bound in {@link Limits}. */
export const defaultLimits: Limits = {
  payloadBytes: mebibyte,
  resultBytes: mebibyte,
  checkpointBytes: mebibyte,
  openBytes: 256 * mebibyte,
  closedBytes: 64 * mebibyte,
  keyBytes: 128 * mebibyte,
};

/**
 * The longest that a task with payload, result and checkpoint may become. A gRPC message is 4 MiB at most; what remains is
 * for everything else in a task, which is bounded by the other limits in this file and `earlierAttempts`.
 */
const taskBytesAtMost = 3.75 * mebibyte;

/** The longest task that a message carries, with some room for what is around it. */
export const messageBytesAtMost = 4 * mebibyte - 4_096;

/** Fills in the defaults. Throws when a task could become too long for one message. */
export function createLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TypeError(`limits.${name} is a whole number of bytes; it is ${value}.`);
    }
  }
  const { payloadBytes, resultBytes, checkpointBytes } = limits;
  const longest = payloadBytes + resultBytes + checkpointBytes;
  if (longest > taskBytesAtMost) {
    throw new TypeError(
      `A task is at most ${taskBytesAtMost} bytes, so that one message can carry it: payload, result and checkpoint ` +
        `may have ${longest} together.`,
    );
  }
  return limits;
}

/** How many bytes one page of a listing has at most; a longer task goes alone. */
export const pageBytes = mebibyte;
/**
 * How many bytes one message of a watch has at most; a longer task goes alone. It is less than a page, because Node counts
 * what was written to a stream that its reader has canceled against the connection, for good.
 */
export const updateBytes = mebibyte / 4;
/** How many tasks one message of a watch has at most. */
export const pageTasks = 100;
/** How many tasks are passed over on the way to a page before others get their turn. */
export const passedAtOnce = 5_000;

/** The longest name, id or key of a request, in characters. SPIFFE IDs are longer, and come from certificates. */
export const nameAtMost = 128;
/** The longest kind and the longest fairness key, in characters. */
export const longNameAtMost = 256;
/** How many capabilities a task may need, and a worker may have. */
export const capabilitiesAtMost = 64;
/** The longest reason that a request may give, in characters. {@link reasonKept} of them are kept. */
export const reasonAtMost = 4_096;
/** How many characters of a reason or a detail are kept. */
export const reasonKept = 500;
/** The longest stage of a progress that is kept, in characters. */
export const stageKept = 64;
/** How many tasks one call of CancelTasks closes. */
export const canceledAtOnce = 1_000;
/** How many tasks one watch may name. */
export const watchedAtMost = 10_000;
