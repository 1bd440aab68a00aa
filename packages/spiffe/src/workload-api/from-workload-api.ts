import { setTimeout as sleep } from "node:timers/promises";
import {
  createObservable,
  type IdentityProvider,
  InterlockError,
  type ProvidedIdentity,
  type ProviderContext,
} from "@interlock/bot";
import {
  type CheckedIdentity,
  createBackoff,
  pause,
  refuseAnother,
  takeOver,
  type WatchedIdentity,
} from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import type { X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import { askAgainMs } from "./ask-again.js";
import { chooseSvid, type SvidChoice } from "./choose-svid.js";
import { type Endpoint, leavesMachine, readEndpoint } from "./endpoint.js";
import { fetchSvids } from "./fetch-svids.js";
import { readSvid } from "./read-svid.js";
import { createSourceState, type SourceState } from "./source-state.js";
import { SvidError } from "./svid-error.js";

/** The options of {@link fromWorkloadApi}: where the Workload API is, and which of its identities is the bot's. */
export interface WorkloadApiOptions {
  /** The address: `unix:///absolute/path`, or `tcp://ip:port`. Default: `SPIFFE_ENDPOINT_SOCKET` of the environment. */
  readonly endpoint?: string | undefined;
  /** The bot's SPIFFE ID. Default: the only one that is offered; with several, opening fails. */
  readonly spiffeId?: string | undefined;
  /** The hint of the bot's identity, which an operator has given to its entry. Default: any. */
  readonly hint?: string | undefined;
  /**
   * The time to go on asking at the start, in milliseconds: an agent that has just started, or an entry that has just been
   * registered, takes some seconds. Default: 30,000.
   */
  readonly waitMs?: number | undefined;
}

/** The time that the agent has for the first message of a stream, in milliseconds. */
const answerMs = 5_000;

/** A stream that has lasted this long was a good one: the next is opened without a delay that has grown before it. */
const lastingMs = 10_000;

/**
 * Provides an identity from the SPIFFE Workload API, as the SPIRE agent serves it, with the CA certificates of its trust domain.
 *
 * One stream stays open, and each certificate and each CA that comes on it is taken over as a whole, and only when it is good: it is
 * verified as every peer verifies it, and tried in a handshake in memory. Otherwise, and while the agent is away, everything stays
 * as it was until it expires; the log says so, and health, as `interlock.identity`.
 *
 * The bot keeps its SPIFFE ID for its life. Bundles of other trust domains and JWT-SVIDs are not used.
 *
 * @param options - Where the Workload API is, and which of its identities is the bot's.
 * @returns A provider for `joinFleet`. Opening it rejects with `FAILED_PRECONDITION` when there is no good identity in time, and at
 *   once when several are offered and none is named; with `INVALID_ARGUMENT` for an address of another form.
 * @throws TypeError when `spiffeId` is none.
 *
 * @example
 * ```ts
 * const identity = fromWorkloadApi({ endpoint: "unix:///run/spire/agent.sock" });
 * const bot = await joinFleet({ identity, authority: "localhost:7443" });
 * ```
 */
export function fromWorkloadApi(options: WorkloadApiOptions = {}): IdentityProvider {
  const { spiffeId, waitMs = 30_000 } = options;
  if (spiffeId !== undefined && !parseSpiffeId(spiffeId)) throw new TypeError(`"${spiffeId}" is no SPIFFE ID of a bot`);
  return {
    async open(context) {
      const endpoint = readEndpoint(options.endpoint);
      if (leavesMachine(endpoint)) {
        const remedy = "use the socket of an agent on this machine";
        context.log.warn("the private key crosses the network unencrypted", { endpoint: endpoint.uri, remedy });
      }
      return follow(endpoint, options, context, waitMs);
    },
  };
}

/** Opens streams, one after another. Resolves with the first good identity, which they keep current from then on. */
function follow(
  endpoint: Endpoint,
  choice: SvidChoice,
  { clock, log }: ProviderContext,
  waitMs: number,
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
          timer = setTimeout(() => anew.abort(), askAgainMs(good.identity.leaf, clock.now()));
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
      resolve({ ...watched, contact: state satisfies SourceState, close: () => ending.abort() });
    }
  });
}

function noIdentity({ uri }: Endpoint, failure: SvidError): InterlockError {
  const message = `There is no identity from the Workload API at ${uri}: ${failure.message}${failure.remedy}.`;
  return new InterlockError("FAILED_PRECONDITION", message, { cause: failure });
}
