import type { CaBasis } from "./ca-basis.js";
import { intermediatesOf, renewalDue, rootsOf } from "./ca-schedule.js";
import { caStatuses } from "./ca-status.js";
import { renewIntermediate } from "./grow-ca.js";

/** How often warnings are logged, and how often they are looked for, in milliseconds. */
const remindMs = 24 * 3_600_000;
const lookMs = 3_600_000;

/** How long the key of a replaced intermediate is kept for replicas that still use it, in milliseconds. */
const supersededMs = 3_600_000;

/** The name of the CA in the health service. It is not serving while there are warnings. */
export const caHealthName = "interlock.ca";

/**
 * Creates the periodic check of the CA. Each run renews due intermediates if the root's key is available. Warnings for
 * an operator are logged once a day and passed to `tell` every hour. The check resolves with true when the trust hub
 * has to be refreshed.
 */
export function createCaKeeper(basis: CaBasis, tell: (warnings: readonly string[]) => void): () => Promise<boolean> {
  const { store, keys, clock, log } = basis;
  let lookAt = Number.NEGATIVE_INFINITY;
  let remindAt = Number.NEGATIVE_INFINITY;

  async function renewDue(): Promise<boolean> {
    const rows = await store.caCertificates.list();
    let changed = false;
    for (const root of rootsOf(rows)) {
      const [signing, ...older] = intermediatesOf(root, rows);
      for (const { digest, keyName } of older) {
        if (!signing || clock.now() < signing.createdAt + supersededMs) continue;
        await store.caCertificates.removeIntermediate(digest);
        await keys.remove(keyName);
      }
      if (signing && clock.now() >= renewalDue(signing) && (await renewIntermediate(basis, root))) {
        log.info("intermediate renewed", { root: root.digest });
        changed = true;
      }
    }
    return changed;
  }

  return async function keepCa() {
    const changed = await renewDue();
    if (clock.now() < lookAt) return changed;
    const warnings = (await caStatuses(basis)).flatMap((status) => status.warnings);
    if (clock.now() >= remindAt) {
      for (const warning of warnings) log.warn(warning);
      if (warnings.length > 0) remindAt = clock.now() + remindMs;
    }
    tell(warnings);
    lookAt = clock.now() + lookMs;
    return changed;
  };
}
