import { TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { AuditEntry, Batch } from "../store/task-store.js";
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
  /** Resolves once all that came before is on the disk; rejects when that fails. */
  settled(): Promise<void>;
  /** Has `prepare` called soon. */
  poke(): void;
  /** Writes what there is, even if it is nothing: the lead is extended. */
  flush(): Promise<void>;
  /** Writes no more. Whoever waits is told `error`. */
  end(error: Error): void;
}

export interface JournalOptions {
  commit(batch: Batch): Promise<readonly string[]>;
  /** Is called before each transaction, for what is best done for many changes at a time. */
  prepare(): void;
  /** These claims were left out of the transaction. */
  onSkipped(taskIds: readonly string[]): void;
  /** A transaction failed: nothing more is written. */
  onFailure(error: Error): void;
  readonly wait: Wait;
}

const patienceMs = 40;

interface Effect {
  run(): void;
  fail?(error: Error): void;
}

export function createJournal({ commit, prepare, onSkipped, onFailure, wait }: JournalOptions): Journal {
  let touched = new Map<string, Entry>();
  let forgotten: string[] = [];
  let audit: AuditEntry[] = [];
  let effects: Effect[] = [];
  let poked = false;
  let scheduled = false;
  let patient = false;
  let writing: Promise<void> | undefined;
  let failure: Error | undefined;
  const ended = new AbortController();

  const idle = () => touched.size + forgotten.length + audit.length + effects.length === 0 && !writing;

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

  // One transaction at a time; what comes meanwhile is in the next.
  async function flush(force = false): Promise<void> {
    while (writing) {
      await writing;
      if (!force) return; // It has scheduled the rest.
    }
    if (failure) return;
    writing = write(force).finally(() => {
      writing = undefined;
      if (touched.size + forgotten.length + audit.length + effects.length > 0 || poked) schedule(true);
    });
    await writing;
  }

  async function write(force: boolean): Promise<void> {
    poked = false;
    try {
      prepare();
      const entries = [...touched.values()];
      const batch = { tasks: entries.map(toStored), claims: claimsOf(entries), forgotten, audit };
      const due = effects;
      [touched, forgotten, audit, effects] = [new Map(), [], [], []];
      if (force || entries.length + batch.forgotten.length + batch.audit.length > 0) {
        const skipped = await commit(batch).catch((error) => {
          effects = [...due, ...effects];
          throw error;
        });
        const left = new Set(skipped);
        for (const entry of entries) entry.stored ||= !left.has(entry.task.taskId);
        if (skipped.length > 0) onSkipped(skipped);
      }
      for (const effect of due) effect.run();
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
      onFailure(failure as Error);
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

function claimsOf(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ stored, task }) => stored && task.state === TaskState.TASK_STATE_ASSIGNED)
    .map(({ task }) => task.taskId);
}
