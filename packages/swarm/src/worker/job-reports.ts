import type { Lease, Progress, ReportProgress } from "../gen/interlock/swarm/v1/swarm.js";
import type { SendEvent, WorkerEvent } from "./send-event.js";
import type { TaskBounds } from "./task-bounds.js";
import { TaskRefusal } from "./task-refusal.js";

/** So many characters of an error are sent; the leader keeps 500. */
const reasonAtMost = 500;

/** What a worker reports of one attempt, kept as far as it may have to be repeated on another connection. */
export interface JobReports {
  /** Whether the outcome of the attempt has been reported. */
  readonly finished: boolean;
  /** Accepts the task, if nothing else was reported before: any other report implies it. */
  accept(): void;
  /** Reports progress; only the latest report is certain to arrive. */
  progress(progress: Progress): void;
  /** Reports a checkpoint; gives its number. */
  checkpoint(state: Uint8Array): number;
  /** Calls `resolve` once this checkpoint, or a later one, is confirmed. */
  onConfirmed(sequence: number, resolve: () => void): void;
  /** The leader has recorded this checkpoint. */
  confirm(sequence: number): void;
  /** Reports the outcome. */
  finish(outcome: WorkerEvent): void;
  /** Hands the attempt back. */
  forfeit(reason: string): void;
  /** Repeats, on a new connection, what the leader may not have heard. */
  repeat(): void;
}

/** Creates the reports of one attempt. */
export function createJobReports(lease: Lease, send: SendEvent): JobReports {
  let told = false;
  let latest: Progress | undefined;
  /** The last checkpoint, until it is confirmed. */
  let unconfirmed: ReportProgress | undefined;
  let checkpoints = 0;
  /** Those that wait for a checkpoint of this number, or a later one. Made with the first: most tasks have none. */
  let confirming: Map<number, () => void> | undefined;
  /** The last word, until it is confirmed. */
  let outcome: WorkerEvent | undefined;

  function tell(event: WorkerEvent, key?: unknown): void {
    told = true;
    send(event, key);
  }

  function report(value: ReportProgress, key?: unknown): void {
    if (!outcome) tell({ $case: "reportProgress", value }, key);
  }

  return {
    get finished() {
      return outcome !== undefined;
    },
    accept() {
      if (!told) tell({ $case: "acceptTask", value: { lease } });
    },
    progress(progress) {
      latest = bounded(progress);
      report({ lease, progress: latest, checkpoint: new Uint8Array(), sequence: 0 }, lease.leaseToken);
    },
    checkpoint(state) {
      unconfirmed = { lease, progress: latest, checkpoint: state, sequence: ++checkpoints };
      report(unconfirmed);
      return checkpoints;
    },
    onConfirmed(sequence, resolve) {
      confirming ??= new Map();
      confirming.set(sequence, resolve);
    },
    confirm(sequence) {
      if (unconfirmed && unconfirmed.sequence <= sequence) unconfirmed = undefined;
      for (const [number, resolve] of confirming ?? []) {
        if (number > sequence) continue;
        confirming?.delete(number);
        resolve();
      }
    },
    finish(event) {
      outcome = event;
      tell(event);
    },
    forfeit: (reason) => send({ $case: "forfeitTask", value: { lease, reason } }),
    repeat() {
      // The outcome is repeated even when it comes too late: the leader has to hear of it.
      tell(outcome ?? { $case: "acceptTask", value: { lease } });
      if (unconfirmed) report(unconfirmed);
    },
  };
}

/**
 * The event that reports how the work ended. A result that the leader does not take fails the task for good: another attempt
 * would give as long a one.
 */
export async function outcomeOf(
  lease: Lease,
  { resultBytes }: Pick<TaskBounds, "resultBytes">,
  work: () => Promise<Uint8Array | undefined>,
): Promise<WorkerEvent> {
  try {
    const result: unknown = (await work()) ?? new Uint8Array();
    if (!(result instanceof Uint8Array)) {
      return { $case: "failTask", value: { lease, reason: notBytes("RESULT", result), permanent: true } };
    }
    if (result.length <= resultBytes) return { $case: "completeTask", value: { lease, result } };
    const reason = tooLarge("RESULT_TOO_LARGE", "result", result.length, resultBytes);
    return { $case: "failTask", value: { lease, reason, permanent: true } };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, reasonAtMost);
    if (!(error instanceof TaskRefusal)) return { $case: "failTask", value: { lease, reason, permanent: false } };
    if (error.kind === "fail") return { $case: "failTask", value: { lease, reason, permanent: true } };
    return { $case: error.kind === "reject" ? "rejectTask" : "forfeitTask", value: { lease, reason } };
  }
}

/** The leader keeps less of a stage; one of any length must not keep the rest of the worker's messages from arriving. */
const stageAtMost = 256;

/** Progress that a message can carry, whatever a handler says that is not checked by a compiler. */
function bounded({ fraction, stage }: Progress): Progress {
  const number = Number(fraction);
  return { fraction: Number.isNaN(number) ? 0 : number, stage: String(stage).slice(0, stageAtMost) };
}

/** What is wrong with a value that is no bytes. */
export function notBytes(what: "RESULT" | "CHECKPOINT", value: unknown): string {
  const kind = value === null ? "null" : typeof value;
  return `${what}_INVALID: it is a ${kind}, and has to be a Uint8Array: encode it, as with Buffer.from(JSON.stringify(…)).`;
}

/** What is wrong with something that is too large, and what to do about it. */
export function tooLarge(reason: string, what: string, bytes: number, atMost: number): string {
  return `${reason}: the ${what} has ${bytes} bytes, and the leader takes ${atMost}. Keep it elsewhere, and name it.`;
}
