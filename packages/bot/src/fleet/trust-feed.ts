import { createBackoff } from "../backoff.js";
import type { Client } from "../client/client.js";
import type { WatchTrustResponse } from "../gen/interlock/authority/v1/authority.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { Log } from "../log.js";
import { pause } from "../pause.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { MutableTrust } from "../trust/trust.js";
import type { TrustFolder } from "../trust/trust-folder.js";

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

/**
 * Follows the authority's trust until `signal` aborts: applies each update, saves it, and comes back after a failure.
 * Where the feed is behind, `trust.refetch` asks the authority past it.
 */
export async function followTrust(options: TrustFeedOptions): Promise<void> {
  const { authority, trust, log, signal } = options;
  const backoff = createBackoff({ firstMs: 400, maximumMs: 15_000 });
  trust.refetchWith(() => refetch(options));
  let complete = false;
  while (!signal.aborted) {
    try {
      const version = complete ? 0n : trust.state.version;
      for await (const update of authority.watchTrust({ version }, { signal, detached: true })) {
        backoff.reset();
        await take(update, options);
        complete = false;
      }
    } catch (error) {
      if (signal.aborted) return;
      log.warn("trust feed interrupted", { error: String(error), stale: trust.isStale() });
      complete = true; // Whatever went wrong, the complete trust puts it right.
    }
    await pause(backoff.next(), signal);
  }
}

async function refetch(options: TrustFeedOptions): Promise<void> {
  const { authority, trust, signal } = options;
  const { version } = trust.state;
  const callOptions = { signal, detached: true, timeoutMs: refetchTimeoutMs };
  for await (const update of authority.watchTrust({ version }, callOptions)) return take(update, options);
}

async function take(update: WatchTrustResponse, { trust, folder, log }: TrustFeedOptions): Promise<void> {
  trust.touch();
  // A heartbeat, or what has come another way already.
  if (update.appliesTo !== 0n && update.resultsIn <= trust.state.version) return;
  trust.replace(applyTrustUpdate(trust.state, update));
  // In force already; saving is for the next start, and the disk may fail.
  await folder.save(trust.state).catch((error) => log.error("trust not saved", { error: String(error) }));
}
