import { logVerbosity, setLogger, setLogVerbosity } from "@grpc/grpc-js";
import type { Log } from "./log.js";
import { printable } from "./printable.js";

/** The time between two lines of grpc-js's in the log, in milliseconds; those between are counted. */
const lineEveryMs = 10_000;
/** The characters of a line that are kept: enough to tell what it is about. */
const maximumLength = 200;

let log: Log | undefined;
let [total, untold, toldAt] = [0, 0, Number.NEGATIVE_INFINITY];

/**
 * Takes what grpc-js would print to standard error, header values of strangers among it. It is counted, and one line in 10 s
 * goes to the log that was given last, cut and escaped. `GRPC_TRACE` and `GRPC_VERBOSITY` have no effect: what they print has
 * tokens in it.
 */
export function ownGrpcLog(given: Log): void {
  if (!log) {
    setLogVerbosity(logVerbosity.ERROR);
    setLogger({ error: take, info: take, debug: take });
  }
  log = given;
}

/** How many lines grpc-js has written in this process. */
export function grpcLogLines(): number {
  return total;
}

function take(line: unknown): void {
  total++;
  const now = performance.now();
  if (now - toldAt < lineEveryMs) return void untold++;
  log?.warn("grpc-js reports a problem", { line: printable(String(line), { maximumLength }), more: untold });
  [untold, toldAt] = [0, now];
}
