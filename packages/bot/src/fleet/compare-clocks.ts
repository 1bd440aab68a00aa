import { type Clock, clockSkewMs } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";

/** How far the clock of this machine is from the authority's, as the time in a message from there shows; 0 without one. */
function aheadMs(sentAt: Date | undefined, clock: Clock): number {
  return sentAt ? clock.now() - sentAt.getTime() : 0;
}

/**
 * Checks the clock of a bot that joins. One that is wrong by more than the declared skew would refuse certificates and tokens
 * of others, or show those that have not begun elsewhere, each time with another error.
 *
 * @param sentAt - What the clock of the authority said when it answered; `undefined` for an authority that does not say.
 * @throws InterlockError `FAILED_PRECONDITION` that says how far it is off, and what to do. The join token stays valid for the
 *   same key.
 */
export function checkClock(sentAt: Date | undefined, clock: Clock): void {
  const ahead = aheadMs(sentAt, clock);
  if (Math.abs(ahead) <= clockSkewMs) return;
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  const problem = `The clock of this machine is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} the authority's`;
  const remedy = `set it, for example with NTP, and join again with the same join token; ${clockSkewMs / 1_000} s are allowed`;
  throw new InterlockError("FAILED_PRECONDITION", `${problem}: ${remedy}.`);
}

/** The difference that is worth a warning, in milliseconds: well before anything is refused. */
const warnMs = clockSkewMs / 2;

/** Compares the clock with each message of the authority. Logs once when it is wrong, and once when it is right again. */
export function createClockWatch(clock: Clock, log: Log): (sentAt: Date | undefined) => void {
  let wrong = false;
  return (sentAt) => {
    const ahead = aheadMs(sentAt, clock);
    // Half of the bound to be right again, so that a clock at the bound is not logged each time.
    if (wrong ? Math.abs(ahead) > warnMs / 2 : Math.abs(ahead) <= warnMs) return;
    wrong = !wrong;
    const seconds = Math.round(ahead / 1_000);
    if (!wrong) return log.info("the clock agrees with the authority's again", { aheadSeconds: seconds });
    log.warn("the clock of this machine and the authority's differ: certificates and tokens will be refused", {
      aheadSeconds: seconds,
      allowedSeconds: clockSkewMs / 1_000,
      remedy: "set the clocks of both machines, for example with NTP",
    });
  };
}
