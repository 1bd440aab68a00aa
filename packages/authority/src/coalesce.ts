/**
 * Lets `work` run one at a time. Every call gets a run that begins after it; those that come while one is under way
 * share the next.
 *
 * ```ts
 * const refresh = coalesce(async () => replace(await store.read()));
 * ```
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;

  function begin(): Promise<void> {
    next = undefined;
    const run = work();
    running = run.catch(() => {}); // Whoever asked for it is told.
    return run;
  }

  return () => {
    next ??= running.then(begin);
    return next;
  };
}
