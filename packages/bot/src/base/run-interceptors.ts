/** Looks at a message. What it returns, unless that is `undefined`, takes the message's place; what it throws ends the call. */
export type See = (message: unknown) => unknown;

/** Lets an interceptor see the messages of a call, of all four kinds. */
export interface MessageHooks {
  /**
   * Calls `see` with each message of the request, from now on. What it returns, unless that is `undefined`, takes the message's
   * place; what it throws ends the call.
   */
  onRequest(see: See): void;
  /** Calls `see` with each message of the answer, from now on, as {@link MessageHooks.onRequest} does with the request. */
  onResponse(see: See): void;
}

/** What the interceptors of a call do to its messages. */
export interface Sights {
  request(message: unknown): unknown;
  response(message: unknown): unknown;
}

/** Interceptors, and what they are put around. */
export interface Onion<Call extends MessageHooks, Change> {
  /** The first one is outermost. */
  readonly interceptors: readonly Interceptor<Call, Change>[];
  /** Makes what an interceptor sees of the call. */
  describe(change: Change, hooks: MessageHooks): Call;
  /** What is inside of all of them. */
  core(change: Change, sights: Sights): Promise<void>;
}

type Interceptor<Call, Change> = (call: Call, next: (change?: Change) => Promise<void>) => Promise<void>;

/**
 * Runs the interceptors of one call, each around those that follow. It settles when the outermost one has settled: an error of
 * what is inside can be replaced by another one, and not be swallowed.
 */
export function runInterceptors<Call extends MessageHooks, Change>(
  { interceptors, describe, core }: Onion<Call, Change>,
  change: Change,
): Promise<void> {
  return run(0, change, [], []);

  async function run(at: number, current: Change, requests: readonly See[], responses: readonly See[]): Promise<void> {
    const interceptor = interceptors[at];
    if (!interceptor) return core(current, { request: passing(requests), response: passing(responses) });
    // Its own: what is inside may run again, when a call is repeated.
    const [before, after] = [[...requests], [...responses]];
    const hooks: MessageHooks = {
      onRequest: (see) => void before.push(see),
      onResponse: (see) => void after.unshift(see), // From the inside to the outside.
    };
    let inner: Promise<void> | undefined;
    await interceptor(describe(current, hooks), (changed = current) => {
      inner = run(at + 1, changed, before, after);
      inner.catch(() => {}); // It counts also where it is not awaited.
      return inner;
    });
    if (!inner) throw new Error(`The interceptor "${interceptor.name}" has neither called "next" nor thrown.`);
    await inner;
  }
}

function passing(all: readonly See[]): See {
  return (message) => all.reduce((seen: unknown, see) => see(seen) ?? seen, message);
}

/** Passes each message of a stream by a function. */
export async function* seenBy(see: See, messages: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  for await (const message of messages) yield see(message);
}

/**
 * Checks a list of interceptors: named functions, so that a stack trace tells which one it was.
 *
 * @throws A `TypeError` that says which one is none.
 */
export function checkInterceptors(interceptors: readonly unknown[]): void {
  if (!Array.isArray(interceptors)) throw new TypeError("interceptors is no array.");
  const at = interceptors.findIndex((one) => typeof one !== "function" || one.name === "");
  if (at >= 0) throw new TypeError(`interceptors[${at}] is no named function: declare it with "async function name".`);
}
