import { type Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { AuditEntry, Batch } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import type { Wait } from "../wait.js";
import type { Entry } from "./entry.js";
import { toStored } from "./stored-task.js";

/**
 * What stands between the leader's memory and the outside: changes are collected and written in one transaction, and
 * whatever tells somebody of them waits for it. So nobody ever hears of what a crash could undo, and a thousand changes
 * cost one flush of the disk.
 */
export interface Journal {
  /** The entry is written with the next transaction, which is not put off for changes that are not `urgent`. */
  touch(entry: Entry, urgent?: boolean): void;
  forget(taskId: string): void;
  record(entry: AuditEntry): void;
  /** Does something once all that came before is on the disk; in order. Never, when that fails. */
  after(effect: () => void, urgent?: boolean): void;
  /** Resolves once all that came before is on the disk; rejects with `LEADER_STANDBY` when that fails. */
  settled(): Promise<void>;
  /** Has `prepare` called soon. */
  poke(): void;
  /** Writes what there is, even if it is nothing: the lead is extended. */
  flush(): Promise<void>;
  /** Writes no more. Whoever waits is told `error`. */
  end(error: Error): void;
}

export interface JournalOptions {
  /** Writes batches in the order in which they come, and none after one that fails. */
  commit(batch: Batch): Promise<readonly string[]>;
  /** Whether the store is so fast that a transaction may wait for another there. */
  isSwift(): boolean;
  /** Is called before each transaction, for what is best done for many changes at a time. */
  prepare(): void;
  /** These were given to workers, and left out of the transaction. */
  onSkipped(tasks: readonly Task[]): void;
  /** A transaction failed: nothing more is written. */
  onFailure(error: Error): void;
  readonly wait: Wait;
}

const patienceMs = 40;
// So many changes are worth a transaction of their own while another is being written.
const worthwhile = 64;

interface Effect {
  run(): void;
  fail?(error: Error): void;
}

export function createJournal(options: JournalOptions): Journal {
  const { commit, isSwift, prepare, onSkipped, onFailure, wait } = options;
  let touched = new Map<string, Entry>();
  let forgotten: string[] = [];
  let audit: AuditEntry[] = [];
  let effects: Effect[] = [];
  let poked = false;
  let scheduled = false;
  let patient = false;
  /** How many transactions are under way; they end in order. */
  let underWay = 0;
  let latest: Promise<void> = Promise.resolve();
  let failure: Error | undefined;
  /** Why a transaction failed. */
  let lost: Error | undefined;
  const ended = new AbortController();

  const changed = () => touched.size + forgotten.length + audit.length > 0;
  const idle = () => !changed() && effects.length === 0 && underWay === 0;

  function schedule(urgent: boolean): void {
    if (failure) return;
    if (urgent && !scheduled) {
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        void flush();
      });
    } else if (!urgent && !scheduled && !patient) {
      patient = true;
      void wait(patienceMs, ended.signal).then(() => {
        patient = false;
        void flush();
      });
    }
  }

  function add(effect: Effect, urgent: boolean): void {
    if (failure) effect.fail?.(failure);
    else if (idle()) effect.run();
    else {
      effects.push(effect);
      schedule(urgent);
    }
  }

  // One transaction at a time, and one behind it if there is enough for it; what else comes meanwhile is in the next.
  async function flush(force = false): Promise<void> {
    if (underWay === 2 || (underWay === 1 && (force || touched.size < worthwhile || !isSwift()))) {
      if (!force) return; // What is under way schedules the rest.
      await latest;
      return flush(force);
    }
    if (failure) return;
    underWay++;
    latest = write(force, latest).finally(() => {
      underWay--;
      if (changed() || effects.length > 0 || poked) schedule(true);
    });
    await latest;
  }

  async function write(force: boolean, before: Promise<void>): Promise<void> {
    let due: Effect[] = [];
    poked = false;
    try {
      prepare();
      const entries = [...touched.values()];
      const claimed = claimsOf(entries);
      const claims = claimed.map(({ taskId }) => taskId);
      const batch = { tasks: toStored(entries), claims, forgotten, audit };
      const writes = force || changed();
      due = effects;
      [touched, forgotten, audit, effects] = [new Map(), [], [], []];
      for (const entry of entries) entry.stored = true;
      const skipped = writes ? await commit(batch) : [];
      await before;
      if (lost) throw lost; // Not merely ended: what is on the disk is told.
      if (skipped.length > 0) onSkipped(claimed.filter(({ taskId }) => skipped.includes(taskId)));
      for (const effect of due) effect.run();
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const standby = swarmError("LEADER_STANDBY", cause);
      end(standby);
      for (const effect of due) effect.fail?.(standby);
      if (!lost) onFailure(cause);
      lost ??= cause;
    }
  }

  function end(error: Error): void {
    if (failure) return;
    failure = error;
    ended.abort();
    for (const effect of effects.splice(0)) effect.fail?.(error);
  }

  return {
    touch(entry, urgent = true) {
      if (failure) return;
      touched.set(entry.task.taskId, entry);
      schedule(urgent);
    },
    forget(taskId) {
      touched.delete(taskId);
      forgotten.push(taskId);
    },
    record(entry) {
      audit.push(entry);
      schedule(false);
    },
    after: (run, urgent = true) => add({ run }, urgent),
    settled: () => new Promise((run, fail) => add({ run, fail }, true)),
    poke() {
      poked = true;
      schedule(true);
    },
    flush: () => flush(true),
    end,
  };
}

/** The tasks among them that have been there before, and are now given to a worker. */
function claimsOf(entries: readonly Entry[]): Task[] {
  return entries
    .filter(({ stored, task }) => stored && task.state === TaskState.TASK_STATE_ASSIGNED)
    .map(({ task }) => task);
}
