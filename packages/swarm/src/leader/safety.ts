import type { Clock } from "@interlock/bot";
import { Safety, StopOutcome, StopState, type WatchSafetyResponse } from "../gen/interlock/swarm/v1/swarm.js";
import type { StoredStop, TaskStore } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import { storableText } from "../text.js";
import type { Wait } from "../wait.js";
import { check } from "./check.js";
import { pageBytes, reasonKept } from "./limits.js";
import type { Listening } from "./listening.js";
import { resetRules } from "./request-rules.js";
import type { Roster } from "./roster.js";
import { createStopAnswers } from "./stop-answers.js";

/** The emergency stop of a leader. It shares no queue with the tasks. */
export interface SafetyController {
  /** Whether a stop is in force. While it is, nothing is assigned. */
  readonly latched: boolean;
  /** The current state, with every known worker. */
  current(): Safety;
  /** Stops everything, and waits at most `waitMs` milliseconds for the workers to acknowledge it. */
  stop(issuer: string, reason: string, waitMs: number): Promise<{ safety: Safety; recorded: boolean }>;
  /** Takes a worker's answer to a stop. */
  acknowledge(worker: string, stopId: string, outcome: StopOutcome, detail: string): void;
  /** Ends the stop, once that is on the disk. */
  reset(by: string, stopId: string, reason: string): Promise<Safety>;
  /** Sends `listener` the state at once, whenever it changes, and with every {@link SafetyController.beat}. */
  watch(watcher: string, withWorkers: boolean, listener: (message: WatchSafetyResponse) => void): () => void;
  /** Sends a sign of life to every watcher. */
  beat(): void;
}

export interface SafetyOptions {
  readonly clock: Clock;
  readonly wait: Wait;
  readonly newId: () => string;
  readonly epoch: number;
  readonly store: Pick<TaskStore, "latch" | "reset">;
  /** The stop that an earlier leader has left latched. */
  readonly stop: StoredStop | undefined;
  readonly stopAfterMs: number;
  /** The known workers by name, also those that are lost. */
  readonly roster: Pick<Roster, "keys" | "has">;
  readonly listening: Listening;
  /** Takes back everything that workers have in hand. */
  readonly onLatched: () => void;
  readonly onChange: (safety: Safety) => void;
  /** Runs when assigning may succeed again: a stop was reset, or another bot listens. */
  readonly onListening: () => void;
}

/** An open stream. Bound: those that the server has accepted. */
interface Watcher {
  readonly name: string;
  readonly withWorkers: boolean;
  readonly tell: (message: WatchSafetyResponse) => void;
}

/** How long a list of workers may be before their details are left out, in bytes, and before it ends. */
const detailedBytes = pageBytes;
const listedBytes = 3 * pageBytes;

/** Creates the emergency stop of a leader. */
export function createSafety(options: SafetyOptions): SafetyController {
  const { clock, wait, newId, epoch, store, stopAfterMs, roster, listening } = options;
  const { onLatched, onChange, onListening } = options;
  let stop = options.stop;
  let latching: Promise<void> | undefined;
  let recorded = true;
  const answers = createStopAnswers(roster);
  const watchers = new Set<Watcher>();
  const waiting = new Set<() => void>(); // One for each caller of `stop`, until its `waitMs` is over.

  const names = () => [...new Set([...roster.keys(), ...answers.names()])].sort();

  function safety(withWorkers: boolean): Safety {
    if (!stop) return Safety.fromPartial({ state: StopState.STOP_STATE_NONE });
    const { stopId, issuer, reason, issuedAt } = stop;
    const { workers, workersOmitted } = withWorkers ? listed() : { workers: [], workersOmitted: 0 };
    return {
      state: StopState.STOP_STATE_LATCHED,
      stopId,
      issuer,
      reason,
      issuedAt: new Date(issuedAt),
      workers,
      workersOmitted,
    };
  }

  /** The result at every worker, within the bounds of one message. */
  function listed(): { workers: Safety["workers"]; workersOmitted: number } {
    const all = names();
    const workers: Safety["workers"] = [];
    let weight = 0;
    for (const name of all) {
      const result = workerStop(name);
      const brief = weight > detailedBytes ? { ...result, detail: "" } : result;
      weight += 64 + 3 * (name.length + brief.detail.length);
      if (weight > listedBytes) break;
      workers.push(brief);
    }
    return { workers, workersOmitted: all.length - workers.length };
  }

  function workerStop(worker: string): Safety["workers"][number] {
    const answer = answers.get(worker);
    if (!answer) return { worker, outcome: StopOutcome.STOP_OUTCOME_UNREACHABLE, detail: "", answeredAt: undefined };
    return { worker, outcome: answer.outcome, detail: answer.detail, answeredAt: new Date(answer.at) };
  }

  function broadcast(to: (watcher: Watcher) => boolean): void {
    const brief = safety(false);
    let whole: Safety | undefined; // Built only on demand: it is long, and few watchers want it.
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
    for (const name of roster.keys()) if (!answers.has(name)) return false;
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

  /** Puts the latch on the disk; a failed attempt is repeated by the next call. */
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
        // A stop is never refused for its words: what cannot be stored of them is replaced.
        stop = { stopId: newId(), issuer, reason: storableText(reason, reasonKept), issuedAt: clock.now() };
        answers.clear();
        // The robots come first, the disk second.
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
      answers.set(worker, { outcome, detail: storableText(detail, reasonKept), at: clock.now() });
      broadcast(({ withWorkers }) => withWorkers);
      onChange(safety(true));
      for (const check of waiting) check();
    },
    async reset(by, stopId, reason) {
      check({ stopId, reason }, resetRules);
      if (stop?.stopId !== stopId) throw swarmError("STOP_UNKNOWN");
      // The disk comes first, the robots second.
      await store.reset(epoch, stopId, { actor: by, reason: storableText(reason, reasonKept), at: clock.now() });
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
      const unlisten = listening.add(name);
      tell({ safety: safety(withWorkers), stopAfterMs });
      onListening();
      return () => {
        watchers.delete(watcher);
        unlisten();
      };
    },
    beat: () => broadcast(() => true),
  };
}
