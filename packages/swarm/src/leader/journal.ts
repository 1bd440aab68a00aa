import { type Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import type { AuditEntry, StoredKeys } from "../store/task-store.js";
import type { Entry } from "./entry.js";

/**
 * The buffer between the leader's memory and everything outside. It collects changes for the next transaction, and holds
 * back each effect that announces a change until that transaction is on the disk. So a crash undoes nothing that
 * was seen outside, and a thousand changes cost one flush of the disk. The writer (`writer.ts`) takes the changes out.
 *
 * Bounds: one entry for each task in the table, {@link auditAtMost} audit entries, and the effects of the messages that
 * the leader accepts until its lead runs out, since it accepts none after that.
 */
export interface Journal {
  /** Adds an entry to the next transaction. A change that is not `urgent` does not bring the transaction forward. */
  touch(entry: Entry, urgent?: boolean): void;
  /** Removes a task from the store with the next transaction. */
  forget(taskId: string): void;
  /** Adds idempotency keys of forgotten tasks to the next transaction. */
  remember(keys: StoredKeys): void;
  /** Removes such keys, up to this sequence, with the next transaction. */
  forgetKeys(upTo: number): void;
  /** Adds an audit entry to the next transaction. */
  record(entry: AuditEntry): void;
  /** Runs an effect once all earlier changes are on the disk, in order; never, when the transaction fails. */
  after(effect: () => void, urgent?: boolean): void;
  /** Resolves once all earlier changes are on the disk; rejects with `LEADER_STANDBY` when the transaction fails. */
  settled(): Promise<void>;
  /** Asks for a transaction soon, even without a change. */
  poke(): void;
  /** Accepts nothing more. Everything that waits fails with `error`. */
  end(error: Error): void;
  /** The writer's side. */
  readonly pending: Pending;
}

/** What the journal has collected, as the writer sees it. */
export interface Pending {
  /** How many tasks have changed. */
  readonly size: number;
  /** Whether there is something to write. */
  readonly changed: boolean;
  /** Whether a transaction is due: there is something to write, an effect waits, or the journal was poked. */
  readonly due: boolean;
  /** Aborts when the journal ends. */
  readonly ended: AbortSignal;
  /** Calls the one writer whenever a transaction becomes due, soon (`urgent`) or within its patience. */
  onDue(writer: (urgent: boolean) => void): void;
  /** Marks the begin of a transaction: until its `finish`, no effect runs at once. */
  begin(): void;
  /** Takes out everything that was collected. */
  take(): Changes;
  /** Marks the end of a transaction. */
  finish(): void;
}

/** The content of one transaction, and the effects that wait for it. */
export interface Changes {
  readonly entries: readonly Entry[];
  /** Those among them that the store does not have yet. */
  readonly created: ReadonlySet<Entry>;
  /** The tasks among them that the store has already, and that are now given to a worker. */
  readonly claimed: readonly Task[];
  readonly forgotten: readonly string[];
  readonly audit: readonly AuditEntry[];
  readonly keys: readonly StoredKeys[];
  readonly keysForgottenTo: number;
  readonly effects: readonly Effect[];
}

/** Something that waits for a transaction. */
export interface Effect {
  readonly run: () => void;
  fail?(error: Error): void;
}

/**
 * One transaction writes at most this many audit entries, the latest; at most twice as many wait for it. The store keeps
 * no more than that either.
 */
export const auditAtMost = 10_000;

/** Creates an empty journal. */
export function createJournal(): Journal {
  let touched = new Map<string, Entry>();
  let forgotten: string[] = [];
  let audit: AuditEntry[] = [];
  let keys: StoredKeys[] = [];
  let keysForgottenTo = 0;
  let effects: Effect[] = [];
  let poked = false;
  /** How many transactions are under way. */
  let underWay = 0;
  let failure: Error | undefined;
  let wake: ((urgent: boolean) => void) | undefined;
  const ended = new AbortController();

  const changed = () => touched.size + forgotten.length + audit.length + keys.length + keysForgottenTo > 0;
  const due = () => changed() || effects.length > 0 || poked;
  const idle = () => !changed() && effects.length === 0 && underWay === 0;

  function schedule(urgent: boolean): void {
    if (!failure) wake?.(urgent);
  }

  function add(effect: Effect, urgent: boolean): void {
    if (failure) effect.fail?.(failure);
    else if (idle()) effect.run();
    else {
      effects.push(effect);
      schedule(urgent);
    }
  }

  return {
    touch(entry, urgent = true) {
      if (failure) return;
      touched.set(entry.task.taskId, entry);
      schedule(urgent);
    },
    forget(taskId) {
      if (failure) return;
      touched.delete(taskId);
      forgotten.push(taskId);
    },
    remember(some) {
      if (!failure) keys.push(some);
    },
    forgetKeys(upTo) {
      if (failure) return;
      keys = keys.filter(({ sequence }) => sequence > upTo);
      keysForgottenTo = Math.max(keysForgottenTo, upTo);
      schedule(false);
    },
    record(entry) {
      if (failure) return;
      audit.push(entry);
      // Cut in halves, so that a flood of refusals does not move the whole list for each one.
      if (audit.length >= 2 * auditAtMost) audit = audit.slice(-auditAtMost);
      schedule(false);
    },
    after: (run, urgent = true) => add({ run }, urgent),
    settled: () => new Promise((run, fail) => add({ run, fail }, true)),
    poke() {
      poked = true;
      schedule(true);
    },
    end(error) {
      if (failure) return;
      failure = error;
      ended.abort();
      for (const effect of effects.splice(0)) effect.fail?.(error);
    },
    pending: {
      get size() {
        return touched.size;
      },
      get changed() {
        return changed();
      },
      get due() {
        return due();
      },
      ended: ended.signal,
      onDue(writer) {
        wake = writer;
        if (due()) schedule(true);
      },
      begin() {
        underWay++;
        poked = false;
      },
      take() {
        const entries = [...touched.values()];
        const claimed = claimedOf(entries);
        const latest = audit.slice(-auditAtMost);
        const created = new Set(entries.filter(({ stored }) => !stored));
        const changes = { entries, created, claimed, forgotten, audit: latest, keys, keysForgottenTo, effects };
        [touched, forgotten, audit, keys, effects] = [new Map(), [], [], [], []];
        keysForgottenTo = 0;
        for (const entry of entries) entry.stored = true;
        return changes;
      },
      finish() {
        underWay--;
      },
    },
  };
}

function claimedOf(entries: readonly Entry[]): Task[] {
  return entries
    .filter(({ stored, task }) => stored && task.state === TaskState.TASK_STATE_ASSIGNED)
    .map(({ task }) => task);
}
