import type { Metadata } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.js";
import { deprecationIn } from "../base/deprecation-metadata.js";
import type { Log } from "../base/log.js";
import type { Answered } from "./call-under-way.js";

/** Logs that a method which is called is deprecated, as its server says in its answers: once a day for each method. */
export interface DeprecationLog {
  /** The part for one method, to be looked up once. `path` is `/package.Service/Method`. */
  of(path: string): MethodDeprecation;
}

/** What is known of the deprecation of one method. */
export interface MethodDeprecation {
  /** Looks at the answer of a call, unless one has been looked at so recently that this one says nothing new. */
  watch(call: Answered): void;
}

/** The maximum number of methods that are looked at. */
export const maximumDeprecations = 1_000;

/** How often an answer is looked at, in milliseconds: a server may be replaced by one that says more. */
export const lookMs = 60_000;

/** How often one method is logged, in milliseconds. */
export const logMs = 24 * 3_600_000;

/** Creates the log. A call costs a look at the clock. Bound: {@link maximumDeprecations} methods. */
export function createDeprecationLog(log: Pick<Log, "warn">, clock: Clock): DeprecationLog {
  const methods = new Map<string, MethodDeprecation>();

  function create(path: string): MethodDeprecation {
    let due = Number.NEGATIVE_INFINITY;
    let logDue = Number.NEGATIVE_INFINITY;
    function read(metadata: Metadata): void {
      const deprecation = deprecationIn(metadata);
      const now = clock.now();
      if (!deprecation || now < logDue) return;
      due = logDue = now + logMs;
      const { since = "unknown", sunset = "undecided", replacement } = deprecation;
      log.warn("a method that this bot calls is deprecated", {
        method: path.slice(1),
        since,
        sunset,
        ...(replacement !== undefined && { replacement }),
      });
    }
    return {
      watch(call) {
        const now = clock.now();
        if (now < due) return;
        due = now + lookMs;
        call.once("metadata", read);
      },
    };
  }

  return {
    of(path) {
      const known = methods.get(path);
      if (known) return known;
      if (methods.size >= maximumDeprecations) return unwatched;
      const method = create(path);
      methods.set(path, method);
      return method;
    },
  };
}

const unwatched: MethodDeprecation = { watch() {} };
