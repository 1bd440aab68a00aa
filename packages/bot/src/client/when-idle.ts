/** What {@link whenIdle} asks and calls. */
export interface Idle {
  /** Whether something has happened since it was asked last, or happens now. */
  isBusy(): boolean;
  leave(): void;
}

/**
 * Calls `leave` when nothing has happened for `idleMs` milliseconds; before twice that. It looks that often, so that what
 * happens costs nothing. It keeps no process alive.
 *
 * @returns A function that ends it.
 */
export function whenIdle(idleMs: number, { isBusy, leave }: Idle): () => void {
  if (idleMs > longestDelayMs) return () => {};
  const timer = setInterval(() => {
    if (!isBusy()) leave();
  }, idleMs).unref();
  return () => clearInterval(timer);
}

/** Node treats a longer delay as 1 ms. */
const longestDelayMs = 2 ** 31 - 1;
