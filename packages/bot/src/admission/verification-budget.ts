import { denial, type InterlockError } from "../base/error.js";
import { createRateLimiter } from "../base/rate-limiter.js";

/** How many bad tokens of one bot are looked at: 50 at once, then one a second. Each costs half a millisecond. */
const badAtOnce = 50;
const badPerSecond = 1;
/** How many tokens of one bot are verified, good ones among them: 400 at once, then 200 a second. */
const anyTokens = { perSecond: 200, burst: 400 };
/** How many are verified at the same time, where none has been bad lately. */
const verifiedAtOnce = 64;

/** How much work one bot may cause with tokens that are new to a server. Known tokens cost nothing. */
export interface VerificationBudget {
  /**
   * Begins to verify a token of a bot.
   *
   * @param peer - The name of the bot.
   * @param now - Milliseconds since the epoch.
   * @returns A function to be called when it is done, with whether the token was bad and cost something.
   * @throws `RATE_LIMITED` where the bot has shown too many tokens.
   */
  begin(peer: string, now: number): (bad: boolean) => void;
}

interface Account {
  /** How many bad tokens it may still show, as of {@link at}. */
  credit: number;
  at: number;
  /** Tokens that are being verified now: each may turn out bad. */
  running: number;
}

/** Makes the budgets of all bots. They are kept for bots with bad tokens in the last 50 s, and with tokens under way. */
export function createVerificationBudget(): VerificationBudget {
  const any = createRateLimiter(anyTokens);
  const accounts = new Map<string, Account>();

  function accountOf(peer: string, now: number): Account {
    const account = accounts.get(peer) ?? { credit: badAtOnce, at: now, running: 0 };
    account.credit = Math.min(badAtOnce, account.credit + (Math.max(0, now - account.at) / 1_000) * badPerSecond);
    account.at = now;
    return account;
  }

  function forgetOthers(now: number): void {
    for (const peer of accounts.keys()) {
      const { credit, running } = accountOf(peer, now);
      if (running === 0 && credit >= badAtOnce) accounts.delete(peer);
    }
  }

  return {
    begin(peer, now) {
      const account = accountOf(peer, now);
      const allowed = account.credit >= badAtOnce ? verifiedAtOnce : Math.floor(account.credit);
      if (account.running >= allowed) throw tooMany(account.credit < 1 ? (1 - account.credit) / badPerSecond : 0.001);
      const retryAfterMs = any.take(peer, now);
      if (retryAfterMs > 0) throw tooMany(retryAfterMs / 1_000);
      account.running++;
      accounts.set(peer, account);
      return (bad) => {
        account.running--;
        if (bad) account.credit--;
        forgetOthers(now);
      };
    },
  };
}

function tooMany(seconds: number): InterlockError {
  const retryAfterMs = String(Math.ceil(seconds * 1_000));
  return denial("RATE_LIMITED", "the caller has shown too many tokens that are new here", { retryAfterMs });
}
