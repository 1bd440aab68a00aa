import type { SpiffeId } from "@interlock/policy";
import { type CallDurations, createCallDurations } from "./call-durations.js";
import { createListeners, type Unsubscribe } from "./subscription.js";
import { utcDayOf } from "./utc-day.js";

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
  /** The bots that act for the caller, the one at the other end first; absent for none, and where no token was accepted. */
  readonly actors?: readonly SpiffeId[] | undefined;
  /** `host:port` of the caller. */
  readonly address: string;
  /** What was found, without any secret. */
  readonly detail: string;
  /** The id of the call, which the caller has in its answer; absent for a connection. */
  readonly callId?: string | undefined;
}

/** How many calls of one method by one caller, with the same actors, had one outcome on one day. */
export interface UsageCount {
  readonly method: string;
  readonly caller: string;
  /** The SPIFFE IDs of the bots that act for the caller, the one at the other end first. */
  readonly actors: readonly string[];
  /** The reason of a denial; empty for admitted calls. */
  readonly denial: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly firstAt: number;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
}

/** How many calls of one method had one outcome since the start. */
export type CallTotal = Pick<UsageCount, "method" | "denial" | "count">;

/** Counts admitted and refused calls by caller until they are reported, and keeps the durations of all calls. */
export interface Recorder {
  /** The durations of the calls that are served. */
  readonly served: CallDurations;
  /** The durations of the calls that are made. */
  readonly called: CallDurations;
  admitted(method: string, caller: string, at: number, actors?: readonly SpiffeId[]): void;
  denied(denial: Denial): void;
  /** Calls `listener` with each denial. */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /**
   * Hands over what has been counted since the last time, and starts again at zero. Each row has the calls of one day in
   * UTC.
   */
  take(): UsageCount[];
  /** What has been counted since the start, handed over or not; for metrics. */
  totals(): CallTotal[];
}

type MutableCount = { -readonly [K in keyof UsageCount]: UsageCount[K] };

/** Rows by one part of their key after the other: method, caller, denial, each actor. No string is built on the hot path. */
interface Branch {
  row: MutableCount | undefined;
  next: Map<string, Branch> | undefined;
}

const none: readonly SpiffeId[] = [];

/** How much later than its time a call may be counted, in milliseconds: on the next day, if that has begun meanwhile. */
const lateMs = 3_600_000;

// A stranger chooses its method names and addresses, so the number of rows needs a bound.
const maximumRows = 10_000;

/** The method under which calls past a bound are counted, here and at the authority. */
export const otherMethods = "…";

/** Makes a recorder in memory. Past 10,000 different rows between two reports, new ones are counted under method "…". */
export function createRecorder(): Recorder {
  const listeners = createListeners<Denial>();
  let taken: UsageCount[] = [];
  let root = createBranch();
  let rows: MutableCount[] = [];
  // The first millisecond of the day of the rows, and of the next day.
  let day = 0;
  let nextDay = 0;
  // What has been handed over, by method and denial. Callers are left out, so it stays small.
  const handedOver = new Map<string, CallTotal>();

  function count(method: string, caller: string, denial: string, time: number, actors: readonly SpiffeId[]): void {
    // Calls that began before midnight and are admitted after it do not begin the day before anew.
    const at = time < day && time >= day - lateMs ? day : time;
    if (at < day || at >= nextDay) beginDay(at);
    let found = root.next?.get(method)?.next?.get(caller)?.next?.get(denial);
    for (let i = 0; found && i < actors.length; i++) found = found.next?.get((actors[i] as SpiffeId).uri);
    const row = found?.row;
    if (row) {
      row.count++;
      row.lastAt = at;
    } else if (taken.length + rows.length >= maximumRows && method !== otherMethods) {
      count(otherMethods, "", denial, at, none);
    } else {
      add({ method, caller, actors: actors.map(({ uri }) => uri), denial, count: 1, firstAt: at, lastAt: at });
    }
  }

  function add(row: MutableCount): void {
    let branch = root;
    for (const part of [row.method, row.caller, row.denial, ...row.actors]) {
      branch.next ??= new Map();
      const next = branch.next.get(part) ?? createBranch();
      branch.next.set(part, next);
      branch = next;
    }
    branch.row = row;
    rows.push(row);
  }

  function beginDay(at: number): void {
    setAside();
    ({ begin: day, end: nextDay } = utcDayOf(at));
  }

  /** Rows that are set aside are not added to any more. */
  function setAside(): void {
    taken = taken.concat(rows);
    root = createBranch();
    rows = [];
  }

  function addUp(totals: Map<string, CallTotal>, counted: readonly UsageCount[]): Map<string, CallTotal> {
    for (const { method, denial, count } of counted) {
      const full = totals.size >= maximumRows && !totals.has(`${method} ${denial}`);
      const row = full ? { method: otherMethods, denial } : { method, denial };
      const key = `${row.method} ${row.denial}`;
      totals.set(key, { ...row, count: (totals.get(key)?.count ?? 0) + count });
    }
    return totals;
  }

  return {
    served: createCallDurations(),
    called: createCallDurations(),
    admitted: (method, caller, at, actors = none) => count(method, caller, "", at, actors),
    denied(denial) {
      count(denial.method, denial.caller, denial.reason, denial.at, denial.actors ?? none);
      listeners.tell(denial);
    },
    onDenial: listeners.add,
    take() {
      setAside();
      const counted = taken;
      addUp(handedOver, counted);
      taken = [];
      return counted;
    },
    totals: () => [...addUp(new Map(handedOver), [...taken, ...rows]).values()],
  };
}

function createBranch(): Branch {
  return { row: undefined, next: undefined };
}
