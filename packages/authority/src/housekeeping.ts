import { type Clock, InterlockError, type Log, type Recorder, type UsageCount } from "@interlock/bot";
import { denialBatch } from "./audit-log/denial-batch.js";
import type { OwnIdentity } from "./own-identity.js";
import type { Store } from "./store/store.js";
import type { TokenSigner } from "./tokens/token-signer.js";
import type { TrustHub } from "./trust-hub/trust-hub.js";

/** What has to be done again and again. */
export interface HousekeepingOptions {
  readonly store: Store;
  readonly hub: TrustHub;
  readonly signer: TokenSigner;
  /** Keeps the CA current; resolves with whether that changed anything. */
  keepCa(): Promise<boolean>;
  readonly identity: OwnIdentity;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly clock: Clock;
  /** The authority's own. */
  readonly spiffeId: string;
  readonly leafTtlMs: number;
  readonly staleAfterMs: number;
  readonly auditRetentionMs: number;
}

/** How long after its end a join token or a certificate is still known, so that who shows it is told why it is refused. */
const keptMs = 24 * 3_600_000;

/** Gives signs of life, renews the authority's own certificate, stores its usage, and prunes, until it is closed. */
export function startHousekeeping(options: HousekeepingOptions): { close(): Promise<void> } {
  const { store, hub, signer, identity, recorder, log, clock, spiffeId } = options;
  // Three signs of life within the bound, so that two may be lost; and eight looks at a certificate in its life.
  const periodMs = Math.min(options.staleAfterMs / 3, options.leafTtlMs / 8);
  let flight: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void turn(), periodMs).unref();

  function turn(): void {
    hub.beat();
    flight = flight
      .then(() => attempt("certificate not renewed", identity.renewIfDue))
      .then(keepCa)
      .then(withdrawKeys)
      .then(storeUsage)
      .then(prune);
  }

  function storeUsage(): Promise<void> {
    const usage = recorder.take().map((row) => ({ ...row, method: row.method.replace(/^\//, "") }));
    if (usage.length === 0) return Promise.resolve();
    return attempt("usage not stored", () => storeTogether(usage));
  }

  function keepCa(): Promise<void> {
    return attempt("CA not kept current", async () => {
      if (await options.keepCa()) await hub.refresh();
    });
  }

  function withdrawKeys(): Promise<void> {
    return attempt("token keys not withdrawn", async () => {
      if (await signer.withdrawDue(spiffeId)) await hub.refresh();
    });
  }

  function storeTogether(usage: readonly UsageCount[]): Promise<void> {
    return store.transaction(async (records) => {
      await records.usage.add(spiffeId, usage);
      await records.auditLog.append(...denialBatch(spiffeId, usage, clock.now()));
    });
  }

  function prune(): Promise<void> {
    return attempt("old records not pruned", async () => {
      await store.joinTokens.prune(clock.now() - keptMs);
      await store.certificates.prune(clock.now() - keptMs);
      const now = clock.now();
      await store.transaction(({ auditLog }) => auditLog.prune(now - options.auditRetentionMs, now, spiffeId));
    });
  }

  async function attempt(message: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error(message, { error: InterlockError.from(error).message });
    }
  }

  return {
    async close() {
      clearInterval(timer);
      await flight;
      await storeUsage();
    },
  };
}
