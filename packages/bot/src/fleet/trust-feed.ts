import { createBackoff } from "../backoff.js";
import type { Client } from "../client/client.js";
import { InterlockError } from "../error.js";
import type { WatchTrustResponse } from "../gen/interlock/authority/v1/authority.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { Log } from "../log.js";
import { pause } from "../pause.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { MutableTrust, TrustState } from "../trust/trust.js";
import type { TrustFolder } from "../trust/trust-folder.js";
import { createLatest, type Latest } from "./latest.js";

/** What the trust feed stands on. */
export interface TrustFeedOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly trust: MutableTrust;
  readonly folder: TrustFolder;
  readonly log: Log;
  readonly signal: AbortSignal;
}

// Calls wait for it.
const refetchTimeoutMs = 2_000;

// Between two savings of the trust: a storm of updates is not one of flushes.
const saveRestMs = 1_000;

/** Where an update goes: into force, then to the disk. */
interface Sink {
  readonly trust: MutableTrust;
  readonly saving: Latest<TrustState>;
}

/**
 * Follows the authority's trust until `signal` aborts: applies each update, saves it, and comes back after a failure.
 * Where the feed is behind, `trust.refetch` asks the authority past it. Resolves when the last of it is saved.
 */
export async function followTrust(options: TrustFeedOptions): Promise<void> {
  const { trust, folder, log } = options;
  // In force already; saving is for the next start, and the disk may be slow, or fail.
  const saving = createLatest(saveRestMs, (state: TrustState) =>
    folder.save(state).catch((error) => log.error("trust not saved", { error: String(error) })),
  );
  const sink = { trust, saving };
  trust.refetchWith(() => refetch(options, sink));
  await follow(options, sink);
  await saving.settled();
}

async function follow({ authority, trust, log, signal }: TrustFeedOptions, sink: Sink): Promise<void> {
  const usual = createBackoff({ firstMs: 400, maximumMs: 15_000 });
  // Who is locked out is refused in every handshake, and a thousand of them are not to keep the authority busy.
  const lockedOut = createBackoff({ firstMs: 10_000, maximumMs: 60_000 });
  let backoff = usual;
  let complete = false;
  while (!signal.aborted) {
    try {
      const version = complete ? 0n : trust.state.version;
      for await (const update of authority.watchTrust({ version }, { signal, detached: true })) {
        backoff = usual;
        backoff.reset();
        take(update, sink);
        complete = false;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isLockedOut(error)) backoff = lockedOut;
      log.warn("trust feed interrupted", { error: String(error), stale: trust.isStale() });
      complete = true; // Whatever went wrong, the complete trust puts it right.
    }
    await pause(backoff.next(), signal);
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
  trust.touch();
  // A heartbeat, or what has come another way already.
  if (update.appliesTo !== 0n && update.resultsIn <= trust.state.version) return;
  trust.replace(applyTrustUpdate(trust.state, update));
  saving.offer(trust.state);
}
