import { createBackoff } from "../base/backoff.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import { pause } from "../base/pause.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { MutableTrust } from "../trust/trust.js";
import type { SavedTrust, TrustFolder } from "../trust/trust-folder.js";
import { createLatest, type Latest } from "./latest.js";

/** What the trust feed stands on. */
export interface TrustFeedOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly trust: MutableTrust;
  readonly folder: TrustFolder;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The feed is silent over a connection that seems to live: the next attempt is to have another. */
  reconnect(): void;
}

/** The trust feed of a bot. */
export interface TrustFeed {
  /** Resolves once the authority has been heard of, or the first attempt to has failed. */
  readonly attempted: Promise<void>;
  /** Resolves once the feed has ended. */
  readonly ended: Promise<void>;
}

// Calls wait for it.
const refetchTimeoutMs = 2_000;

// Between two savings of the trust: a storm of updates is not one of flushes.
const saveRestMs = 1_000;

/** Where an update goes: into force, then to the disk. */
interface Sink {
  readonly trust: MutableTrust;
  readonly saving: Latest<SavedTrust>;
}

/**
 * Follows the authority's trust until `signal` aborts: applies each update, saves it, and comes back after a failure, or
 * when nothing has been heard for two thirds of the declared bound, in which the authority gives three signs of life.
 * Where the feed is behind, `trust.refetch` asks the authority past it.
 */
export function followTrust(options: TrustFeedOptions): TrustFeed {
  const { trust, folder, log } = options;
  // In force already; saving is for the next start, and the disk may be slow, or fail.
  const saving = createLatest(saveRestMs, (saved: SavedTrust) =>
    folder.save(saved).catch((error) => log.error("trust not saved", { error: String(error) })),
  );
  const sink = { trust, saving };
  trust.refetchWith(() => refetch(options, sink));
  let attempted = () => {};
  const first = new Promise<void>((resolve) => (attempted = resolve));
  const ended = follow(options, sink, attempted).finally(attempted);
  return { attempted: first, ended };
}

async function follow(options: TrustFeedOptions, sink: Sink, attempted: () => void): Promise<void> {
  const { trust, log, signal } = options;
  const usual = createBackoff({ firstMs: 400, maximumMs: 15_000 });
  // Who is locked out is refused in every handshake, and a thousand of them are not to keep the authority busy.
  const lockedOut = createBackoff({ firstMs: 10_000, maximumMs: 60_000 });
  let backoff = usual;
  let complete = false;
  while (!signal.aborted) {
    try {
      const version = complete ? 0n : trust.state.version;
      for await (const update of watch(version, options)) {
        backoff = usual;
        backoff.reset();
        take(update, sink);
        complete = false;
        attempted();
      }
    } catch (error) {
      if (signal.aborted) break;
      if (isLockedOut(error)) backoff = lockedOut;
      log.warn("trust feed interrupted", { error: String(error), stale: trust.isStale() });
      complete = true; // Whatever went wrong, the complete trust puts it right.
    }
    attempted();
    await pause(backoff.next(), signal);
  }
  // For who asks at the next start how old it is.
  sink.saving.offer(savedAs(trust));
  await sink.saving.settled();
}

/** The updates since `version`; rejects when the authority falls silent. */
async function* watch(
  version: bigint,
  { authority, trust, signal, reconnect }: TrustFeedOptions,
): AsyncGenerator<WatchTrustResponse, void> {
  const silence = new AbortController();
  const fellSilent = () => silence.abort(new Error("nothing has been heard of the authority"));
  const patience = () => setTimeout(fellSilent, Math.min((trust.state.staleAfterMs * 2) / 3, 2 ** 31 - 1)).unref();
  let timer = patience();
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    for await (const update of authority.watchTrust({ version }, { signal: either, detached: true })) {
      clearTimeout(timer);
      yield update;
      timer = patience();
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    reconnect();
    throw silence.signal.reason;
  } finally {
    clearTimeout(timer);
  }
}

function isLockedOut(error: unknown): boolean {
  const { reason } = InterlockError.from(error);
  return reason === "IDENTITY_REVOKED" || reason === "CERTIFICATE_REVOKED";
}

async function refetch({ authority, trust, signal }: TrustFeedOptions, sink: Sink): Promise<void> {
  const { version } = trust.state;
  const callOptions = { signal, detached: true, timeoutMs: refetchTimeoutMs };
  for await (const update of authority.watchTrust({ version }, callOptions)) return take(update, sink);
}

function take(update: WatchTrustResponse, { trust, saving }: Sink): void {
  const isNew = update.appliesTo === 0n || update.resultsIn > trust.state.version;
  if (isNew) {
    trust.replace(applyTrustUpdate(trust.state, update));
    saving.offer(savedAs(trust));
  } else {
    trust.touch(); // A sign of life, or what has come another way already.
  }
}

function savedAs({ state, heardAt }: MutableTrust): SavedTrust {
  return { state, heardAt };
}
