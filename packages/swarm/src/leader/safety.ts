import type { Clock } from "@interlock/bot";
import { Safety, StopOutcome, StopState, type WatchSafetyResponse } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredStop, TaskStore } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import type { Wait } from "../wait.js";

/** The emergency stop. It shares no queue with the tasks. */
export interface SafetyController {
  /** While this is so, nothing is assigned. */
  readonly latched: boolean;
  /** How it stands, with every worker that is known. */
  current(): Safety;
  /** Stops everything, and waits at most so many milliseconds for the workers to say that they have stopped. */
  stop(issuer: string, reason: string, waitMs: number): Promise<{ safety: Safety; recorded: boolean }>;
  acknowledge(worker: string, stopId: string, outcome: StopOutcome, detail: string): void;
  reset(by: string, stopId: string, reason: string): Promise<Safety>;
  /** Tells `listener` how it stands, at once, whenever it changes, and with every {@link SafetyController.beat}. */
  watch(watcher: string, withWorkers: boolean, listener: (message: WatchSafetyResponse) => void): () => void;
  /** Whether this worker listens; one that does not is given no work. */
  isListening(worker: string): boolean;
  /** A sign of life to everybody who listens. */
  beat(): void;
}

export interface SafetyOptions {
  readonly clock: Clock;
  readonly wait: Wait;
  readonly newId: () => string;
  readonly epoch: number;
  readonly store: Pick<TaskStore, "latch" | "reset">;
  /** What an earlier leader has left latched. */
  readonly stop: StoredStop | undefined;
  readonly stopAfterMs: number;
  /** The names of every worker that is known, also of those that are lost. */
  readonly workers: () => Iterable<string>;
  /** Takes everything back that workers have in hand. */
  readonly onLatched: () => void;
  readonly onChange: (safety: Safety) => void;
  /** Work may go on, or somebody more listens. */
  readonly onListening: () => void;
}

interface Watcher {
  readonly name: string;
  readonly withWorkers: boolean;
  readonly tell: (message: WatchSafetyResponse) => void;
}

interface Answer {
  readonly outcome: StopOutcome;
  readonly detail: string;
  readonly at: number;
}

const longestReason = 500;

export function createSafety(options: SafetyOptions): SafetyController {
  const { clock, wait, newId, epoch, store, stopAfterMs, workers, onLatched, onChange, onListening } = options;
  let stop = options.stop;
  let latching: Promise<void> | undefined;
  let recorded = true;
  const answers = new Map<string, Answer>();
  const watchers = new Set<Watcher>();
  const listening = new Map<string, number>();
  const waiting = new Set<() => void>();

  const names = () => [...new Set([...workers(), ...answers.keys()])].sort();

  function safety(withWorkers: boolean): Safety {
    if (!stop) return Safety.fromPartial({ state: StopState.STOP_STATE_NONE });
    const { stopId, issuer, reason, issuedAt } = stop;
    return {
      ...{ state: StopState.STOP_STATE_LATCHED, stopId, issuer, reason, issuedAt: new Date(issuedAt) },
      workers: withWorkers ? names().map(workerStop) : [],
    };
  }

  function workerStop(worker: string): Safety["workers"][number] {
    const answer = answers.get(worker);
    if (!answer) return { worker, outcome: StopOutcome.STOP_OUTCOME_UNREACHABLE, detail: "", answeredAt: undefined };
    return { worker, outcome: answer.outcome, detail: answer.detail, answeredAt: new Date(answer.at) };
  }

  function broadcast(to: (watcher: Watcher) => boolean): void {
    const brief = safety(false);
    let whole: Safety | undefined; // Long, and seldom wanted.
    for (const { withWorkers, tell } of [...watchers].filter(to)) {
      if (withWorkers) whole ??= safety(true);
      tell({ safety: withWorkers ? whole : brief, stopAfterMs });
    }
  }

  const changed = () => {
    broadcast(() => true);
    onChange(safety(true));
  };

  function everybodyAnswered(): boolean {
    for (const name of workers()) if (!answers.has(name)) return false;
    return true;
  }

  function untilAnswered(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (everybodyAnswered()) resolve();
      };
      waiting.add(check);
      signal.addEventListener("abort", () => waiting.delete(check));
      check();
    });
  }

  /** Puts the latch on the disk; where that failed before, once more. */
  function record(latched: StoredStop): Promise<void> {
    latching ??= store
      .latch(epoch, latched)
      .then(
        () => {
          recorded = true;
        },
        () => {},
      )
      .finally(() => {
        latching = undefined;
      });
    return latching;
  }

  return {
    get latched() {
      return stop !== undefined;
    },
    current: () => safety(true),
    async stop(issuer, reason, waitMs) {
      if (!stop) {
        stop = { stopId: newId(), issuer, reason: reason.slice(0, longestReason), issuedAt: clock.now() };
        answers.clear();
        // First the robots, then the disk.
        recorded = false;
        changed();
        onLatched();
      }
      const over = new AbortController();
      const both = Promise.all([untilAnswered(over.signal), recorded || record(stop)]);
      await Promise.race([both, wait(waitMs, over.signal)]);
      over.abort();
      return { safety: safety(true), recorded };
    },
    acknowledge(worker, stopId, outcome, detail) {
      if (outcome !== StopOutcome.STOP_OUTCOME_ACKNOWLEDGED && outcome !== StopOutcome.STOP_OUTCOME_FAILED) {
        throw swarmError("STOP_OUTCOME_INVALID");
      }
      if (stop?.stopId !== stopId) throw swarmError("STOP_UNKNOWN");
      answers.set(worker, { outcome, detail: detail.slice(0, longestReason), at: clock.now() });
      broadcast(({ withWorkers }) => withWorkers);
      onChange(safety(true));
      for (const check of waiting) check();
    },
    async reset(by, stopId, reason) {
      if (stop?.stopId !== stopId) throw swarmError("STOP_UNKNOWN");
      // First the disk, then the robots.
      await store.reset(epoch, stopId, { actor: by, reason: reason.slice(0, longestReason), at: clock.now() });
      if (stop?.stopId !== stopId) return safety(true);
      stop = undefined;
      answers.clear();
      changed();
      onListening();
      return safety(true);
    },
    watch(name, withWorkers, tell) {
      const watcher: Watcher = { name, withWorkers, tell };
      watchers.add(watcher);
      listening.set(name, (listening.get(name) ?? 0) + 1);
      tell({ safety: safety(withWorkers), stopAfterMs });
      onListening();
      return () => {
        if (!watchers.delete(watcher)) return;
        const left = (listening.get(name) ?? 1) - 1;
        if (left > 0) listening.set(name, left);
        else listening.delete(name);
      };
    },
    isListening: (worker) => listening.has(worker),
    beat: () => broadcast(() => true),
  };
}
