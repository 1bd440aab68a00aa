/** What bounds {@link createAdaptiveLimit}. */
export interface AdaptiveBounds {
  /** The calls that may always be open at once. Default: 64. */
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
  /** Takes a place for a call. False where there is none. */
  begin(): boolean;
  /** Gives the place of a call back. */
  end(): void;
  /** Adapts the limit: `lateMs` is how much later than it should the process has come to call this. */
  adapt(lateMs: number): void;
}

/** How late the process may be before the limit shrinks, in milliseconds. */
export const tolerableMs = 50;
/** What is left of the calls that were open when the process was too late. */
const shrink = 0.75;
/** By how many calls the limit grows while it is used. */
const growth = 64;

/**
 * Makes a limit of open calls that adapts to what the process can do: additive increase while it is punctual and the limit is used,
 * multiplicative decrease when it is late. A process that is late already would only collect what more it takes.
 */
export function createAdaptiveLimit({ least = 64, most = 16_384 }: AdaptiveBounds = {}): AdaptiveLimit {
  let limit = Math.min(Math.max(1_024, least), most);
  let open = 0;
  return {
    get open() {
      return open;
    },
    get limit() {
      return limit;
    },
    begin() {
      if (open >= limit) return false;
      open++;
      return true;
    },
    end() {
      open--;
    },
    adapt(lateMs) {
      if (lateMs > tolerableMs) limit = Math.max(least, Math.floor(Math.min(limit, open) * shrink));
      else if (open > limit / 2) limit = Math.min(most, limit + growth);
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
