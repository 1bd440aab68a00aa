import type { Entry } from "./entry.js";
import { createEntryQueue, type EntryQueue } from "./entry-queue.js";
import { laneOf } from "./lane.js";

/** The tasks that wait for a worker, in the order in which they are given out. Bound: the open tasks of the table. */
export interface WaitingList {
  readonly size: number;
  add(entry: Entry): void;
  remove(entry: Entry): void;
  /**
   * The next task for a worker with these `capabilities`. Among the tasks of the highest priority it is one of the fairness
   * key whose turn it is, and of that key the one that was submitted first. Now and then it is the one that was submitted
   * first of all lower priorities, so that each begins at some time. Tasks that are `unfit` are passed over.
   */
  next(capabilities: ReadonlySet<string>, unfit: (entry: Entry) => boolean): Entry | undefined;
  /** Counts one task of this entry's fairness key as given out. */
  served(entry: Entry): void;
}

/** The tasks of one fairness key that need the same capabilities. */
interface Lane {
  readonly needs: readonly string[];
  readonly queue: EntryQueue;
}

/** The tasks of one fairness key, by the capabilities that they need: a task that no worker can do blocks no other. */
interface Line {
  readonly lanes: Map<string, Lane>;
  /** How many more of its tasks are given out before it is the next key's turn. */
  credit: number;
}

/** How many lanes are looked at for the task that was submitted first; the lines take turns, so that each comes up. */
const lookedAt = 2_000;
/** For so many different sets of capabilities the share of the oldest is counted apart; beyond that one is counted anew. */
const profilesKept = 1_000;

/**
 * Creates an empty list. Keys take turns, each for as many tasks as its weight: weighted round robin. `oldestShare` of the
 * tasks, from 0 to 1, are those that were submitted first among the lower priorities. It is counted for each set of
 * capabilities that workers have, so that no kind of worker uses up the share of another.
 */
export function createWaitingList(weightOf: (fairnessKey: string) => number, oldestShare = 0): WaitingList {
  /** How much of the share each set of capabilities has saved up: a whole one is a task. */
  const saved = new Map<string, number>();
  const profiles = new WeakMap<ReadonlySet<string>, string>();
  // Priority → fairness key → line. The keys of a map stand in the order of their turns.
  const ranks = new Map<number, Map<string, Line>>();
  let order: number[] = [];
  let size = 0;

  function lineOf({ task: { priority, fairnessKey } }: Entry): Line {
    let rank = ranks.get(priority);
    if (!rank) {
      rank = new Map();
      ranks.set(priority, rank);
      order = [...ranks.keys()].sort((a, b) => b - a);
    }
    let line = rank.get(fairnessKey);
    if (!line) {
      line = { lanes: new Map(), credit: weight(fairnessKey) };
      rank.set(fairnessKey, line);
    }
    return line;
  }

  function profileOf(capabilities: ReadonlySet<string>): string {
    const profile = profiles.get(capabilities) ?? JSON.stringify([...capabilities].sort());
    profiles.set(capabilities, profile);
    return profile;
  }

  function save(profile: string, share: number): void {
    saved.delete(profile);
    saved.set(profile, share);
    const [first] = saved.keys();
    if (saved.size > profilesKept && first !== undefined) saved.delete(first);
  }

  /** The task of one priority for a worker: of the key whose turn it is, or, if `oldest`, the one submitted first. */
  function firstIn(
    priority: number,
    capabilities: ReadonlySet<string>,
    unfit: (entry: Entry) => boolean,
    oldest: boolean,
  ): Entry | undefined {
    let found: Entry | undefined;
    let looks = 0;
    for (const { lanes } of ranks.get(priority)?.values() ?? []) {
      for (const { needs, queue } of lanes.values()) {
        looks++;
        if (!needs.every((need) => capabilities.has(need))) continue;
        const entry = firstOf(queue, unfit);
        if (entry && (!found || entry.sequence < found.sequence)) found = entry;
      }
      if (found && (!oldest || looks > lookedAt)) return found;
    }
    return found;
  }

  const weight = (key: string) => Math.max(1, Math.floor(weightOf(key)));

  return {
    get size() {
      return size;
    },
    add(entry) {
      const { lanes } = lineOf(entry);
      const name = laneOf(entry.task);
      const lane = lanes.get(name) ?? { needs: entry.task.requiredCapabilities, queue: createEntryQueue() };
      lanes.set(name, lane);
      if (lane.queue.add(entry)) size++;
    },
    remove(entry) {
      const { priority, fairnessKey } = entry.task;
      const rank = ranks.get(priority);
      const line = rank?.get(fairnessKey);
      const name = laneOf(entry.task);
      const lane = line?.lanes.get(name);
      if (!rank || !line || !lane?.queue.remove(entry)) return;
      size--;
      if (lane.queue.size === 0) line.lanes.delete(name);
      if (line.lanes.size === 0) rank.delete(fairnessKey);
      if (rank.size > 0) return;
      ranks.delete(priority);
      order = order.filter((each) => each !== priority);
    },
    next(capabilities, unfit) {
      for (const [place, priority] of order.entries()) {
        const next = firstIn(priority, capabilities, unfit, false);
        if (!next) continue;
        const lower = order.slice(place + 1);
        if (lower.length === 0 || oldestShare <= 0) return next;
        const profile = profileOf(capabilities);
        const share = (saved.get(profile) ?? 0) + oldestShare;
        // A little less than one: a tenth, ten times, is not quite one in binary.
        const due = share >= 1 - 1e-9;
        save(profile, due ? Math.max(0, share - 1) : share);
        if (!due) return next;
        let first: Entry | undefined;
        for (const each of lower.slice(-lookedAt)) {
          const entry = firstIn(each, capabilities, unfit, true);
          if (entry && (!first || entry.sequence < first.sequence)) first = entry;
        }
        return first ?? next;
      }
      return undefined;
    },
    served({ task: { priority, fairnessKey } }) {
      const rank = ranks.get(priority);
      const line = rank?.get(fairnessKey);
      if (!rank || !line || --line.credit > 0) return;
      line.credit = weight(fairnessKey);
      rank.delete(fairnessKey);
      rank.set(fairnessKey, line);
    },
  };
}

/** How many tasks of a lane are passed over because they are unfit for a worker: it gets none of this lane then. */
const passedOver = 100;

function firstOf(queue: EntryQueue, unfit: (entry: Entry) => boolean): Entry | undefined {
  let passed = 0;
  for (const entry of queue) {
    if (!unfit(entry)) return entry;
    if (++passed === passedOver) break;
  }
  return undefined;
}
