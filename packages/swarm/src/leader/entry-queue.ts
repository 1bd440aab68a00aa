import type { Entry } from "./entry.js";

/** Entries in the order of submission. Nothing may be added or removed while it is iterated. */
export interface EntryQueue extends Iterable<Entry> {
  readonly size: number;
  /** Puts an entry where its sequence belongs. False when it is there already. */
  add(entry: Entry): boolean;
  /** False when it is not there. */
  remove(entry: Entry): boolean;
}

const slackAtMost = 1_024;
// One so close to the head leaves by moving what stands before it, and not all that comes after.
const near = 256;

/**
 * Makes an empty queue. What is usual costs the same however long it is: to add the latest, to take the first. (A `Map`
 * keeps what has been deleted from it for a while, and passes over all of that on its way to the first.)
 */
export function createEntryQueue(): EntryQueue {
  let entries: (Entry | undefined)[] = [];
  let head = 0; // What stands before it is gone.

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
