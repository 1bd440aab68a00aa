import type { CaBasis } from "./ca-basis.js";
import { intermediatesOf, renewalDue, rootsOf } from "./ca-schedule.js";
import { caStatuses } from "./ca-status.js";
import { renewIntermediate } from "./grow-ca.js";

/** How often an operator is told of what he has to do, and how often it is looked for, in milliseconds. */
const remindMs = 24 * 3_600_000;
const lookMs = 3_600_000;

/** How long the private key of an intermediate is kept after another has taken its place, in milliseconds: for replicas. */
const supersededMs = 3_600_000;

/** What the state of the CA is called in the health service: not serving while an operator has something to do. */
export const caHealthName = "interlock.ca";

/**
 * Gives what renews intermediates that are due where the root's key is at hand, and tells an operator, in the log and once
 * a day, where it is not; `tell` hears of it every hour. Call it again and again. It resolves with whether the trust hub is
 * to be refreshed.
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
