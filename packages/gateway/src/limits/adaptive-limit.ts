/** What bounds {@link createAdaptiveLimit}. */
export interface AdaptiveBounds {
  /** The calls that may always be open at once. Default: 256. */
  readonly least?: number | undefined;
  /** The most calls that may be open at once. Default: 16,384. */
  readonly most?: number | undefined;
}

/** How many calls may be open at once: as many as the process keeps up with. */
export interface AdaptiveLimit {
  /** The calls that are open. */
  readonly open: number;
  /** How many may be open now. */
  readonly limit: number;
  /**
   * Takes a place for a call of a caller. False where there is none. Above the limit, and up to its upper bound, a caller gets one
   * that has fewer calls open than its share of the limit: who calls little is not refused for who calls much.
   */
  begin(caller: string): boolean;
  /** Gives the place of a call back. */
  end(caller: string): void;
  /** Adapts the limit: `lateMs` is how much later than it should the process has come to call this. */
  adapt(lateMs: number): void;
}

/** How late the process may be before the limit shrinks, in milliseconds. */
export const tolerableMs = 50;
/** How many times in a row it has to be late: a collection of garbage says nothing of how many calls there may be. */
export const lateTimes = 3;
/** What is left of the calls that were open when the process was too late. */
const shrink = 0.75;
/** By how many calls the limit grows while it is used. */
const growth = 64;

/**
 * Makes a limit of open calls that adapts to what the process can do: additive increase while it is punctual and the limit is used,
 * multiplicative decrease when it is late with many of them open. A process that is late already would only collect what more it
 * takes.
 */
export function createAdaptiveLimit({ least = 256, most = 16_384 }: AdaptiveBounds = {}): AdaptiveLimit {
  let limit = Math.min(Math.max(1_024, least), most);
  let open = 0;
  let late = 0;
  /** By caller; bounded by the calls that are open. */
  const byCaller = new Map<string, number>();

  function hasPlace(caller: string): boolean {
    if (open < limit) return true;
    const share = limit / (byCaller.size + (byCaller.has(caller) ? 0 : 1));
    return open < most && (byCaller.get(caller) ?? 0) < share - 1;
  }

  return {
    get open() {
      return open;
    },
    get limit() {
      return limit;
    },
    begin(caller) {
      if (!hasPlace(caller)) return false;
      open++;
      byCaller.set(caller, (byCaller.get(caller) ?? 0) + 1);
      return true;
    },
    end(caller) {
      open--;
      const left = (byCaller.get(caller) ?? 1) - 1;
      if (left > 0) byCaller.set(caller, left);
      else byCaller.delete(caller);
    },
    adapt(lateMs) {
      late = lateMs > tolerableMs ? late + 1 : 0;
      if (late === 0) {
        if (open > limit / 2) limit = Math.min(most, limit + growth);
      } else if (late >= lateTimes && open > least) limit = Math.max(least, Math.floor(Math.min(limit, open) * shrink));
    },
  };
}

/** How often the limit is adapted, in milliseconds. */
const everyMs = 100;

/** Adapts a limit to how punctual this process is. Returns a function that ends it. */
export function keepAdapted(limit: AdaptiveLimit): () => void {
  let dueAt = performance.now() + everyMs;
  const timer = setInterval(() => {
    const now = performance.now();
    limit.adapt(now - dueAt);
    dueAt = now + everyMs;
  }, everyMs).unref();
  return () => clearInterval(timer);
}
