import type { Rate } from "@interlock/policy";
import type { Log } from "./log.js";
import { createRateLimiter } from "./rate-limiter.js";
import type { Denial, Recorder } from "./recorder.js";
import type { Unsubscribe } from "./subscription.js";

/** How often a denial of one caller, with one reason, has a line of its own. */
export const ownLineRate: Rate = { burst: 3, perSecond: 1 / 10 };

/** How many lines denials have together. With 600 bytes a line, a flood adds less than 3 KB a second to the log. */
export const allLinesRate: Rate = { burst: 50, perSecond: 4 };

/** The time after which denials without a line are told as a number, in milliseconds. */
const sumUpMs = 10_000;

/**
 * Logs at level warn what a bot refuses. Lines are bounded; the number of denials without a line is in the next line, or
 * after 10 s in one of its own.
 *
 * @returns A function that ends it.
 */
export function logDenials(recorder: Pick<Recorder, "onDenial">, log: Log): Unsubscribe {
  const own = createRateLimiter(ownLineRate);
  const all = createRateLimiter(allLinesRate, 1);
  let untold = 0;
  let timer: NodeJS.Timeout | undefined;

  function sumUp(): void {
    timer = undefined;
    if (untold > 0) log.warn("more denials, which have no line of their own", { denials: untold });
    untold = 0;
  }

  function tell({ at, reason, method, caller, address, detail, callId }: Denial): void {
    if (own.take(`${reason} ${caller}`, at) > 0 || all.take("", at) > 0) {
      untold++;
      timer ??= setTimeout(sumUp, sumUpMs).unref();
      return;
    }
    const earlier = untold > 0 ? { untold } : {};
    untold = 0;
    const what = method === "" ? "connection refused" : "call denied";
    log.warn(what, {
      reason,
      ...(method !== "" && { method: method.slice(0, maximumMethod) }),
      caller,
      address,
      detail: detail.slice(0, maximumDetail),
      ...(callId !== undefined && { callId }),
      ...earlier,
    });
  }

  const stop = recorder.onDenial(tell);
  return () => {
    stop();
    clearTimeout(timer);
    sumUp();
  };
}

/** The characters of a method and of a detail that are logged; a caller chooses the one and a part of the other. */
const maximumMethod = 200;
const maximumDetail = 300;
