import { setTimeout as sleep } from "node:timers/promises";
import type { Metadata } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import { createBackoff } from "../base/backoff.js";
import { errorDomain, InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import { awaitToken } from "./await-token.js";
import type { CallBounds, CallOptions } from "./call-options.js";
import type { CallDefaults } from "./client-options.js";
import type { RetryBudget } from "./retry-budget.js";

/** How many times a call is made, at the most. */
const defaultAttempts = 3;

/** How many times a call of a method may be made: once, unless its proto file says that more make no difference. */
export function attemptsOf({ kind, idempotency }: AnyMethod, { attempts = defaultAttempts }: CallDefaults): number {
  const sendsAgain = kind === "unary" || kind === "serverStreaming"; // A stream of requests is gone once it has been sent.
  return idempotency !== undefined && sendsAgain ? attempts : 1;
}

/** Decides, after an attempt has failed, whether the call is made again, and waits until then. */
export interface Retries {
  /** The attempts that have failed. */
  readonly previous: number;
  /** Resolves to true when it is time for the next attempt, and to false where there is none. Rejects when the call is canceled meanwhile. */
  again(thrown: unknown): Promise<boolean>;
}

/** Begins the attempts of one call, of which there are `attempts` at the most. */
export function beginRetries(attempts: number, budget: RetryBudget, bounds: CallBounds): Retries {
  budget.called();
  const backoff = createBackoff({ maximumMs: 1_000 });
  let previous = 0;
  return {
    get previous() {
      return previous;
    },
    async again(thrown) {
      const error = InterlockError.from(thrown);
      const pauseMs = pauseAfter(error);
      if (pauseMs === undefined || previous + 1 >= attempts) return false;
      const ms = Math.max(pauseMs, backoff.next());
      if (Date.now() + ms >= bounds.deadline || bounds.signals.some(({ aborted }) => aborted)) return false;
      if (!budget.take()) return false;
      previous++;
      await awaitToken(sleep(ms), bounds, () => error);
      return true;
    },
  };
}

/** How long to wait after an error, in milliseconds, at the least; `undefined` where the same would come again. */
function pauseAfter({ code, reason, domain, metadata }: InterlockError): number | undefined {
  const isOurs = domain === errorDomain && reason !== undefined;
  if (code === "UNAVAILABLE") return isOurs && reason !== ("SERVER_UNREACHABLE" satisfies Reason) ? undefined : 0;
  if (code !== "RESOURCE_EXHAUSTED" || !isOurs) return undefined;
  const ms = Number(metadata.retryAfterMs ?? Number.NaN);
  return ms >= 0 ? ms : undefined;
}

/** Makes a call with one answer, again where that may help. The caller is told of the trailers of the last attempt. */
export async function callAgain(
  retries: Retries,
  options: CallOptions,
  attempt: (options: CallOptions) => Promise<unknown>,
): Promise<unknown> {
  const { kept, tell } = keepTrailers(options);
  while (true) {
    try {
      const answer = await attempt(kept);
      tell();
      return answer;
    } catch (thrown) {
      if (await retries.again(thrown)) continue;
      tell();
      throw thrown;
    }
  }
}

/** Reads a stream of answers, again from its beginning where that may help, until the first message has come. */
export async function* readAgain(
  retries: Retries,
  options: CallOptions,
  read: (options: CallOptions) => AsyncIterable<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  const { kept, tell } = keepTrailers(options);
  while (true) {
    let begun = false;
    try {
      for await (const message of read(kept)) {
        begun = true;
        yield message;
      }
      return tell();
    } catch (thrown) {
      if (!begun && (await retries.again(thrown))) continue;
      tell();
      throw thrown;
    }
  }
}

/** Options under which the caller is told of trailers only by `tell`: of those that came last, once. */
function keepTrailers({ onTrailers, ...options }: CallOptions): { kept: CallOptions; tell(): void } {
  if (!onTrailers) return { kept: options, tell() {} };
  let last: Metadata | undefined;
  return {
    kept: {
      ...options,
      onTrailers(trailers) {
        last = trailers;
      },
    },
    tell() {
      const trailers = last;
      last = undefined;
      if (trailers) onTrailers(trailers);
    },
  };
}
