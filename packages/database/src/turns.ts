/**
 * Creates a function that runs each `work` after the one before it has ended, in the order of the calls.
 *
 * @example
 * ```ts
 * const inTurn = createTurns();
 * await Promise.all([inTurn(first), inTurn(second)]);
 * ```
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return function inTurn(work) {
    const run = last.then(work);
    last = run.catch(() => {}); // The caller gets the error; the next one in turn does not.
    return run;
  };
}
