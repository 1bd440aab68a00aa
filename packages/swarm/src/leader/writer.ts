import type { Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { Batch, Written } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import type { Wait } from "../wait.js";
import type { Entry } from "./entry.js";
import type { Effect, Journal } from "./journal.js";
import { toStored } from "./stored-task.js";

/** The part that writes the journal: one transaction at a time, and one behind it while the store is fast. */
export interface Writer {
  /** Writes what the journal has collected, even if it is nothing: each transaction extends the lead. */
  flush(): Promise<void>;
}

export interface WriterOptions {
  readonly journal: Journal;
  /** Writes batches in the order of the calls, and none after one that failed. */
  commit(batch: Batch): Promise<Written>;
  /** Whether the store is so fast that a transaction may wait behind another. */
  isSwift(): boolean;
  /**
   * Runs before each transaction, for work that costs less for many changes than for each one: assigning tasks. When it
   * throws, the transaction is written all the same.
   */
  prepare(): void;
  /** Takes the assignments that the store left out of the transaction. */
  onSkipped(tasks: readonly Task[]): void;
  /** Takes the entries that the store cannot hold. The rest of their transaction is on the disk. */
  onRefused(entries: readonly Entry[]): void;
  /** Takes what an effect or `prepare` has thrown: it is a fault of this package, and takes nothing else with it. */
  onFault(error: unknown): void;
  /** Takes the error of the first transaction that failed; no other is written after it. */
  onFailure(error: Error): void;
  readonly wait: Wait;
}

/** How long a change that is not urgent may wait for others, in milliseconds. */
const patienceMs = 40;
const nothingLeftOut: Written = { skipped: [], refused: [] };
/** So many changes justify a second transaction while the first is being written. */
const worthwhile = 64;

/** Creates the writer of a journal. It writes by itself whenever the journal is due. */
export function createWriter(options: WriterOptions): Writer {
  const { journal, commit, isSwift, prepare, onSkipped, onRefused, onFault, onFailure, wait } = options;
  const { pending } = journal;
  let scheduled = false;
  let patient = false;
  /** Whether something urgent waits for a transaction. */
  let hurried = false;
  /** How many transactions are under way; they end in order. */
  let underWay = 0;
  let latest: Promise<void> = Promise.resolve();
  /** Why a transaction failed. */
  let lost: Error | undefined;

  function schedule(urgent: boolean): void {
    if (pending.ended.aborted) return;
    hurried ||= urgent;
    if (urgent && !scheduled) {
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        void flush();
      });
    } else if (!urgent && !scheduled && !patient) {
      patient = true;
      void wait(patienceMs, pending.ended).then(() => {
        patient = false;
        hurried = true; // It has waited long enough, also when a transaction is under way.
        void flush();
      });
    }
  }

  async function flush(force = false): Promise<void> {
    if (underWay === 2 || (underWay === 1 && (force || pending.size < worthwhile || !isSwift()))) {
      if (!force) return; // The transaction under way schedules the rest.
      await latest;
      return flush(force);
    }
    if (pending.ended.aborted) return;
    underWay++;
    pending.begin();
    latest = write(force, latest).finally(() => {
      underWay--;
      pending.finish();
      if (pending.due) schedule(hurried);
    });
    await latest;
  }

  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      onFault(error);
    }
  }

  async function write(force: boolean, before: Promise<void>): Promise<void> {
    let effects: readonly Effect[] = [];
    try {
      attempt(prepare);
      const writes = force || pending.changed;
      const changes = pending.take();
      hurried = false;
      effects = changes.effects;
      const { entries, created, claimed, forgotten, audit, keys, keysForgottenTo } = changes;
      const claims = claimed.map(({ taskId }) => taskId);
      const { stored, refused: unencodable } = toStored(entries, created);
      const { skipped, refused } = writes
        ? await commit({ tasks: stored, claims, forgotten, audit, keys, keysForgottenTo })
        : nothingLeftOut;
      await before;
      if (lost) throw lost; // An end without a failure does not stop it: what is on the disk is told.
      if (skipped.length > 0) onSkipped(claimed.filter(({ taskId }) => skipped.includes(taskId)));
      const unheld = [...unencodable, ...entries.filter(({ task }) => refused.includes(task.taskId))];
      if (unheld.length > 0) onRefused(unheld);
      for (const effect of effects) attempt(effect.run);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const standby = swarmError("LEADER_STANDBY", cause);
      journal.end(standby);
      for (const effect of effects) effect.fail?.(standby);
      if (!lost) onFailure(cause);
      lost ??= cause;
    }
  }

  pending.onDue(schedule);
  return { flush: () => flush(true) };
}
