/**
 * Gives what runs one `work` after the other, in the order of the calls.
 *
 * ```ts
 * const inTurn = createTurns();
 * await Promise.all([inTurn(first), inTurn(second)]);
 * ```
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return function inTurn(work) {
    const run = last.then(work);
    last = run.catch(() => {}); // Whoever called is told.
    return run;
  };
}
