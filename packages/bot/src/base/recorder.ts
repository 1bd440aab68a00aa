import { createListeners, type Unsubscribe } from "./subscription.js";

/** The record of a call or a connection that was refused. */
export interface Denial {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** A {@link Reason} of the closed list; for other errors of a handler, their gRPC code. */
  readonly reason: string;
  /** `/package.Service/Method`; empty for a connection refused before any call. */
  readonly method: string;
  /** The caller's SPIFFE ID; empty when none was accepted. */
  readonly caller: string;
  /** `host:port` of the caller. */
  readonly address: string;
  /** What was found, without any secret. */
  readonly detail: string;
}

/** How many calls of one method by one caller had one outcome. */
export interface UsageCount {
  readonly method: string;
  readonly caller: string;
  /** The reason of a denial; empty for admitted calls. */
  readonly denial: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
}

/** How many calls of one method had one outcome since the start. */
export type CallTotal = Pick<UsageCount, "method" | "denial" | "count">;

/** Counts admitted and refused calls by caller until they are reported. */
export interface Recorder {
  admitted(method: string, caller: string, at: number): void;
  denied(denial: Denial): void;
  /** Calls `listener` with each denial. */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /** Hands over what has been counted since the last time, and starts again at zero. */
  take(): UsageCount[];
  /** What has been counted since the start, handed over or not; for metrics. */
  totals(): CallTotal[];
}

type MutableCount = { -readonly [K in keyof UsageCount]: UsageCount[K] };

// A stranger chooses its method names and addresses, so the number of rows needs a bound.
const maximumRows = 10_000;

/** Makes a recorder in memory. Past 10,000 different rows between two reports, new ones are counted under method "…". */
export function createRecorder(): Recorder {
  const listeners = createListeners<Denial>();
  // Keyed by method, then caller, then denial: no string is built on the hot path.
  let counts = new Map<string, Map<string, Map<string, MutableCount>>>();
  let rows = 0;
  // What has been handed over, by method and denial. Callers are left out, so it stays small.
  const handedOver = new Map<string, CallTotal>();
  function count(method: string, caller: string, denial: string, at: number): void {
    const row = counts.get(method)?.get(caller)?.get(denial);
    if (row) {
      row.count++;
      row.lastAt = at;
    } else if (rows >= maximumRows && method !== "…") {
      count("…", "", denial, at);
    } else {
      rows++;
      const callers = counts.get(method) ?? new Map<string, Map<string, MutableCount>>();
      const denials = callers.get(caller) ?? new Map<string, MutableCount>();
      counts.set(method, callers.set(caller, denials));
      denials.set(denial, { method, caller, denial, count: 1, lastAt: at });
    }
  }
  function all(): UsageCount[] {
    return [...counts.values()].flatMap((callers) => [...callers.values()].flatMap((denials) => [...denials.values()]));
  }

  function addUp(totals: Map<string, CallTotal>, taken: readonly UsageCount[]): Map<string, CallTotal> {
    for (const { method, denial, count } of taken) {
      const full = totals.size >= maximumRows && !totals.has(`${method} ${denial}`);
      const row = full ? { method: "…", denial } : { method, denial };
      const key = `${row.method} ${row.denial}`;
      totals.set(key, { ...row, count: (totals.get(key)?.count ?? 0) + count });
    }
    return totals;
  }

  return {
    admitted: (method, caller, at) => count(method, caller, "", at),
    denied(denial) {
      count(denial.method, denial.caller, denial.reason, denial.at);
      listeners.tell(denial);
    },
    onDenial: listeners.add,
    take() {
      const taken = all();
      addUp(handedOver, taken);
      counts = new Map();
      rows = 0;
      return taken;
    },
    totals: () => [...addUp(new Map(handedOver), all()).values()],
  };
}
