import { AsyncResource } from "node:async_hooks";

// A connection serves the calls of everybody. What happens on it must not run in the context of one of them: a call that is made
// from there would take part in the deadline of another one.
const resource = new AsyncResource("InterlockTransport");

/** Runs a function in the context of no call. What it begins, its sockets and timers, goes on there. */
export function outside<Arguments extends unknown[], Result>(
  run: (...given: Arguments) => Result,
  ...given: Arguments
): Result {
  return resource.runInAsyncScope(run, undefined, ...given);
}
