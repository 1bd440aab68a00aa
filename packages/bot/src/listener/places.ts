/** A bounded number of places for those who have not proved anything yet. */
export interface Places<T> {
  readonly size: number;
  /** Takes a place, and gives what has to go for it, if anything has to. */
  add(entry: T, source: string): T | undefined;
  /** Gives a place back. */
  remove(entry: T): void;
  entries(): Iterable<T>;
}

/**
 * Makes `maximum` places. When they are full, the next entry takes the place of another: of the source that has the most of
 * them, the oldest of those for which `goesFirst` holds, and if it holds for none, the oldest. So a newcomer always has a
 * place, and an attacker with one address takes its own places first.
 */
export function createPlaces<T>(maximum: number, goesFirst: (entry: T) => boolean): Places<T> {
  const bySource = new Map<string, Set<T>>();
  const sources = new Map<T, string>();

  function remove(entry: T): void {
    const source = sources.get(entry);
    if (source === undefined) return;
    sources.delete(entry);
    const same = bySource.get(source);
    same?.delete(entry);
    if (same?.size === 0) bySource.delete(source);
  }

  function largest(): Set<T> | undefined {
    let most: Set<T> | undefined;
    for (const same of bySource.values()) if (!most || same.size > most.size) most = same;
    return most;
  }

  function evict(): T | undefined {
    let oldest: T | undefined;
    for (const entry of largest() ?? []) {
      oldest ??= entry;
      if (!goesFirst(entry)) continue;
      oldest = entry;
      break;
    }
    if (oldest !== undefined) remove(oldest);
    return oldest;
  }

  return {
    get size() {
      return sources.size;
    },
    add(entry, source) {
      const evicted = sources.size >= maximum ? evict() : undefined;
      sources.set(entry, source);
      bySource.set(source, (bySource.get(source) ?? new Set()).add(entry));
      return evicted;
    },
    remove,
    entries: () => sources.keys(),
  };
}
