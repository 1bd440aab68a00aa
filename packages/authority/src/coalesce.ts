/**
 * Returns a function that runs `work` one run at a time. Every call waits for a run that begins after the call; calls
 * during a run share the next one.
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
    running = run.catch(() => {}); // The callers of this run get the error.
    return run;
  }

  return () => {
    next ??= running.then(begin);
    return next;
  };
}
