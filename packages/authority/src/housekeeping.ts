import { InterlockError, type Log, type Recorder } from "@interlock/bot";
import type { OwnIdentity } from "./own-identity.js";
import type { Store } from "./store/store.js";
import type { TrustHub } from "./trust-hub/trust-hub.js";

/** What has to be done again and again. */
export interface HousekeepingOptions {
  readonly store: Store;
  readonly hub: TrustHub;
  readonly identity: OwnIdentity;
  readonly recorder: Recorder;
  readonly log: Log;
  /** The authority's own. */
  readonly spiffeId: string;
  readonly leafTtlMs: number;
  readonly staleAfterMs: number;
}

/** Gives signs of life, renews the authority's own certificate, and stores its own usage, until it is closed. */
export function startHousekeeping(options: HousekeepingOptions): { close(): Promise<void> } {
  const { store, hub, identity, recorder, log, spiffeId } = options;
  // Three signs of life within the bound, so that two may be lost; and eight looks at a certificate in its life.
  const periodMs = Math.min(options.staleAfterMs / 3, options.leafTtlMs / 8);
  let flight: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void turn(), periodMs).unref();

  function turn(): void {
    hub.beat();
    flight = flight.then(() => attempt("certificate not renewed", identity.renewIfDue)).then(storeUsage);
  }

  function storeUsage(): Promise<void> {
    const usage = recorder.take().map((row) => ({ ...row, method: row.method.replace(/^\//, "") }));
    if (usage.length === 0) return Promise.resolve();
    return attempt("usage not stored", () => store.transaction((records) => records.usage.add(spiffeId, usage)));
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
