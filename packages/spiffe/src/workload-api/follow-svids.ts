import { setTimeout as sleep } from "node:timers/promises";
import { createObservable, InterlockError, type ProvidedIdentity, type ProviderContext } from "@interlock/bot";
import {
  type CheckedIdentity,
  createBackoff,
  pause,
  refuseAnother,
  takeOver,
  type WatchedIdentity,
} from "@interlock/bot/internal";
import type { X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import { askAgainMs } from "./ask-again.js";
import { chooseSvid, type SvidChoice } from "./choose-svid.js";
import type { Endpoint } from "./endpoint.js";
import { fetchSvids } from "./fetch-svids.js";
import { readSvid } from "./read-svid.js";
import { createSourceState } from "./source-state.js";
import { SvidError } from "./svid-error.js";

/** The times of {@link followSvids}, in milliseconds. */
export interface FollowTimes {
  /** How long to go on asking at the start. */
  readonly waitMs: number;
  /** How long the agent has for the first message of a stream. */
  readonly answerMs: number;
  /** The shortest time between two streams that are opened because no new certificate has come. */
  readonly shortestMs: number;
}

/** A stream that has lasted this long was a good one: the next is opened without a delay that has grown before it. */
const lastingMs = 10_000;

/** Opens streams, one after another. Resolves with the first good identity, which they keep current from then on. */
export function followSvids(
  endpoint: Endpoint,
  choice: SvidChoice,
  { clock, log }: ProviderContext,
  { waitMs, answerMs, shortestMs }: FollowTimes,
): Promise<ProvidedIdentity> {
  const ending = new AbortController();
  const state = createSourceState(endpoint.uri, clock, log);
  const backoff = createBackoff();
  const until = performance.now() + waitMs;
  let good: CheckedIdentity | undefined;
  let watched: WatchedIdentity | undefined;

  return new Promise((resolve, reject) => {
    void run();

    async function run(): Promise<void> {
      for (;;) {
        const startedAt = performance.now();
        const failure = await one();
        if (ending.signal.aborted) return;
        if (performance.now() - startedAt > lastingMs) backoff.reset();
        if (failure && !watched && (failure.isFinal || performance.now() >= until)) {
          reject(noIdentity(endpoint, failure));
          return;
        }
        if (!failure) continue; // The agent is asked again.
        // Nothing else keeps the process alive at the start.
        await (watched ? pause(backoff.next(), ending.signal) : sleep(backoff.next()));
        if (ending.signal.aborted) return;
      }
    }

    /** One stream, to its end. Gives why it has ended; nothing if it is to be opened anew. */
    async function one(): Promise<SvidError | undefined> {
      const anew = new AbortController();
      const signal = AbortSignal.any([ending.signal, anew.signal]);
      let timer: NodeJS.Timeout | undefined;
      let isGood = false;
      try {
        for await (const response of fetchSvids(endpoint, { signal, answerMs })) {
          clearTimeout(timer);
          isGood = await take(response);
          if (!good) continue;
          timer = setTimeout(() => anew.abort(), askAgainMs(good.identity.leaf, clock.now(), shortestMs));
          timer.unref();
        }
        return undefined;
      } catch (error) {
        const failure = SvidError.from(error);
        // An agent may end a stream at any time. It is away when the next one brings nothing.
        if (good && !isGood) state.bad(failure, good.identity);
        return failure;
      } finally {
        clearTimeout(timer);
      }
    }

    /** Takes a message. Gives whether it was good. Throws at the start, when no other message of the stream can be better. */
    async function take({ svids }: X509SVIDResponse): Promise<boolean> {
      try {
        // A bot keeps its name, whatever else is offered later.
        const mine = good ? { spiffeId: good.identity.spiffeId.uri } : choice;
        const next = await readSvid(chooseSvid(svids, mine), clock.now(), good);
        if (ending.signal.aborted) return true;
        if (good) refuseAnother(next.identity, good.identity, "the X.509-SVID");
        const isNew = !good || next.identity.leaf.thumbprint !== good.identity.leaf.thumbprint;
        if (isNew) for (const warning of next.warnings) log.warn("identity of the Workload API", { warning });
        good = next;
        state.good();
        if (watched) takeOver(next, watched);
        else open(next);
        return true;
      } catch (error) {
        const failure = SvidError.from(error);
        if (!good) throw failure;
        state.bad(failure, good.identity);
        return false;
      }
    }

    function open({ identity, roots }: CheckedIdentity): void {
      watched = { identity: createObservable(identity), roots: createObservable(roots) };
      resolve({ ...watched, contact: state, close: () => ending.abort() });
    }
  });
}

function noIdentity({ uri }: Endpoint, failure: SvidError): InterlockError {
  const message = `There is no identity from the Workload API at ${uri}: ${failure.message}${failure.remedy}.`;
  return new InterlockError("FAILED_PRECONDITION", message, { cause: failure });
}
