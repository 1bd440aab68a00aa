import type { Entry } from "./entry.js";

/** Entries in the order of submission. It must not be changed while it is iterated. */
export interface EntryQueue extends Iterable<Entry> {
  readonly size: number;
  /** Inserts an entry by its sequence. False when it is there already. */
  add(entry: Entry): boolean;
  /** Removes an entry. False when it is not there. */
  remove(entry: Entry): boolean;
}

const slackAtMost = 1_024;
// An entry so close to the head is removed by moving those before it, and not all those after it.
const near = 256;

/**
 * Creates an empty queue. The usual operations, to add the latest and to take the first, cost the same at any length. (A
 * `Map` keeps its deleted entries for a while, and passes over all of them on the way to the first.)
 */
export function createEntryQueue(): EntryQueue {
  let entries: (Entry | undefined)[] = [];
  let head = 0; // The index of the first entry; those before it are gone.

  const at = (index: number) => entries[index] as Entry;

  /** The index of the first entry from `sequence` on. */
  function indexOf(sequence: number): number {
    let [low, high] = [head, entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at(middle).sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get size() {
      return entries.length - head;
    },
    add(entry) {
      const last = entries.at(-1);
      if (!last || last.sequence < entry.sequence) {
        entries.push(entry);
        return true;
      }
      const index = indexOf(entry.sequence);
      if (entries[index]?.sequence === entry.sequence) return false;
      entries.splice(index, 0, entry);
      return true;
    },
    remove({ sequence }) {
      const index = indexOf(sequence);
      if (entries[index]?.sequence !== sequence) return false;
      if (index - head >= near) {
        entries.splice(index, 1);
        return true;
      }
      entries.copyWithin(head + 1, head, index);
      entries[head++] = undefined;
      if (head === entries.length || head > Math.max(slackAtMost, entries.length / 2)) {
        entries = entries.slice(head);
        head = 0;
      }
      return true;
    },
    *[Symbol.iterator]() {
      for (let index = head; index < entries.length; index++) yield at(index);
    },
  };
}
