import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { Log } from "../log.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { MutableTrust } from "../trust/trust.js";
import type { TrustFolder } from "../trust/trust-folder.js";
import { createBackoff } from "./backoff.js";

/** What the trust feed stands on. */
export interface TrustFeedOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly trust: MutableTrust;
  readonly folder: TrustFolder;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Follows the authority's trust until `signal` aborts: applies each update, saves it, and comes back after a failure. */
export async function followTrust({ authority, trust, folder, log, signal }: TrustFeedOptions): Promise<void> {
  const backoff = createBackoff();
  let version = trust.state.version;
  while (!signal.aborted) {
    try {
      for await (const update of authority.watchTrust({ version }, { signal, detached: true })) {
        trust.touch();
        backoff.reset();
        if (update.resultsIn === trust.state.version && update.appliesTo !== 0n) continue; // A heartbeat.
        trust.replace(applyTrustUpdate(trust.state, update));
        version = trust.state.version;
        // In force already; saving is for the next start, and the disk may fail.
        await folder.save(trust.state).catch((error) => log.error("trust not saved", { error: String(error) }));
      }
    } catch (error) {
      if (signal.aborted) return;
      log.warn("trust feed interrupted", { error: String(error), stale: trust.isStale() });
      version = 0n; // Whatever went wrong, the complete trust puts it right.
    }
    await backoff.wait(signal);
  }
}
