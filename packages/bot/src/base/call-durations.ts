import { status } from "@grpc/grpc-js";
import { createHistogram, type Histogram } from "./histogram.js";
import type { Unsubscribe } from "./subscription.js";

/** The maximum number of methods that are told apart. Those above it are counted as {@link otherMethod}. */
export const maximumMethods = 1_000;

/** The name that the semantic conventions give to all methods that are not known. */
export const otherMethod = "_OTHER";

/** How a served call ended; a code alone does not tell a failing handler from a refusal. */
export type CallOutcome = (typeof callOutcomes)[number];

/**
 * `answered`: OK. `failed`: the handler's own error. `denied`: the enforcement refused the call, or ended it later.
 * `canceled`: the caller went away, its deadline passed, or the server closed.
 */
export const callOutcomes = ["answered", "failed", "denied", "canceled"] as const;

/** The durations of the calls with one method, code and outcome. */
export interface CallDuration {
  /** `package.Service/Method`, or {@link otherMethod}. */
  readonly method: string;
  /** The gRPC status code by its name. */
  readonly code: string;
  readonly outcome: CallOutcome;
  readonly histogram: Histogram;
}

/** Takes each duration as it is measured: for a registered OpenTelemetry SDK. */
export type DurationListener = (seconds: number, of: CallDuration) => void;

/** The durations of calls on one side, server or client, since the start. */
export interface CallDurations {
  /** The durations of one method, to be looked up once. `path` is `/package.Service/Method`. */
  of(path: string): MethodDurations;
  /** All that has been measured. */
  all(): CallDuration[];
  /** Tells `listener` each duration from now on. */
  listen(listener: DurationListener): Unsubscribe;
}

/** The durations of the calls of one method. */
export interface MethodDurations {
  /**
   * Adds a call.
   *
   * @param outcome - How it ended.
   * @param code - The gRPC status code; one out of range counts as UNKNOWN.
   * @param ms - How long it took, in milliseconds.
   */
  record(outcome: CallOutcome, code: number, ms: number): void;
}

/**
 * Creates an empty table. Its rows are made with the first call of their kind; a call then costs a look into two arrays and no
 * allocation. Bounds: {@link maximumMethods} methods, each with 17 codes and 4 outcomes.
 */
export function createCallDurations(): CallDurations {
  const methods = new Map<string, Durations>();
  const listeners: DurationListener[] = []; // Of each bot that shares the table: one.
  const other = new Durations(otherMethod, listeners);
  return {
    of(path) {
      const method = path.replace(/^\//, "");
      const known = methods.get(method);
      if (known) return known;
      if (method === otherMethod || methods.size >= maximumMethods) return other;
      const made = new Durations(method, listeners);
      methods.set(method, made);
      return made;
    },
    all: () => [...methods.values(), other].flatMap((durations) => durations.rows()),
    listen(listener) {
      listeners.push(listener);
      return () => {
        const at = listeners.indexOf(listener);
        if (at >= 0) listeners.splice(at, 1);
      };
    },
  };
}

class Durations implements MethodDurations {
  readonly #method: string;
  readonly #listeners: readonly DurationListener[];
  /** By code, for each outcome. */
  readonly #rows: { readonly [K in CallOutcome]: (CallDuration | undefined)[] } = {
    answered: [],
    failed: [],
    denied: [],
    canceled: [],
  };

  constructor(method: string, listeners: readonly DurationListener[]) {
    this.#method = method;
    this.#listeners = listeners;
  }

  record(outcome: CallOutcome, code: number, ms: number): void {
    const known = status[code] === undefined ? status.UNKNOWN : code;
    const row = this.#rows[outcome][known] ?? this.#add(outcome, known);
    const seconds = row.histogram.record(ms);
    for (const listener of this.#listeners) listener(seconds, row);
  }

  rows(): CallDuration[] {
    return callOutcomes.flatMap((outcome) => this.#rows[outcome].filter((row) => row !== undefined));
  }

  #add(outcome: CallOutcome, code: number): CallDuration {
    const row = { method: this.#method, code: status[code] as string, outcome, histogram: createHistogram() };
    this.#rows[outcome][code] = row;
    return row;
  }
}
