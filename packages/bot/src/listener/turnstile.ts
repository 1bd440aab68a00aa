/** Lets work on sockets through, a bounded amount in a turn of the event loop. */
export type Turnstile = (socket: { readonly destroyed: boolean }, work: () => void) => void;

/**
 * Makes a turnstile. What has to wait runs in one of the next turns, in its order; work on a socket that has been destroyed meanwhile
 * is dropped, and takes no place. Bound: what is given to it, once for each socket.
 *
 * @param perTurn - How much is let through in one turn.
 *
 * @example
 * ```ts
 * const enter = createTurnstile(1);
 * enter(socket, () => verify(socket));
 * ```
 */
export function createTurnstile(perTurn: number): Turnstile {
  let waiting: Parameters<Turnstile>[] = [];
  let passed = 0;

  function enter(...entry: Parameters<Turnstile>): void {
    if (waiting.length > 0 || passed === perTurn) return void waiting.push(entry);
    if (passed++ === 0) setImmediate(nextTurn);
    const [, work] = entry;
    work();
  }

  function nextTurn(): void {
    passed = 0;
    const open = waiting.filter(([{ destroyed }]) => !destroyed);
    waiting = [];
    for (const entry of open) enter(...entry);
  }

  return enter;
}
