import { InterlockError } from "@interlock/bot";
import type { Store } from "../store/store.js";
import { keptBundle, refuseTooMuch } from "./add-federation.js";
import type { BundleEndpoint } from "./bundle-endpoint.js";
import type { TrustBundle } from "./trust-bundle.js";

/** The longest reason of a failure that is kept, in characters. */
const maximumFailureLength = 500;

/** A bundle, and where it was fetched. */
export interface FetchedBundle {
  readonly trustDomain: string;
  readonly endpoint: BundleEndpoint;
  readonly bundle: TrustBundle;
}

/**
 * Records a bundle that was fetched. Bots are told where its CA certificates have changed. Resolves with whether they have. A
 * relation that was revoked meanwhile stays so, and one that has another endpoint now keeps its bundle.
 *
 * Rejects with `FAILED_PRECONDITION` for a sequence below the one that is held: it is an old bundle, with CAs that may have been
 * withdrawn since.
 */
export function saveBundle(
  store: Pick<Store, "transaction">,
  { trustDomain, endpoint, bundle }: FetchedBundle,
  now: number,
  by: string,
): Promise<boolean> {
  return store.transaction(async (records) => {
    const { federations, fleet, auditLog } = records;
    const held = await federations.find(trustDomain);
    if (!held || held.revokedAt !== null || held.endpointUrl !== endpoint.url) return false;
    if (held.sequence !== null && (bundle.sequence ?? -1n) < BigInt(held.sequence)) {
      const text = `The bundle of ${trustDomain} has spiffe_sequence ${bundle.sequence ?? "none"}, and ${held.sequence} is held.`;
      throw new InterlockError("FAILED_PRECONDITION", text);
    }
    const next = { ...held, ...keptBundle(bundle, now) };
    const changed = next.caCertificates !== held.caCertificates;
    if (changed) await refuseTooMuch(records, next);
    await federations.put(next);
    if (!changed) return false;
    const trustVersion = await fleet.nextTrustVersion();
    const details = { done: "bundle", sequence: next.sequence, cas: bundle.caCertificates.length, trustVersion };
    await auditLog.append({ at: now, kind: "federation", actor: by, subject: trustDomain, details });
    return true;
  });
}

/** Records that the bundle of a trust domain could not be fetched: it stays as it is. */
export async function saveFailure(
  { federations }: Pick<Store, "federations">,
  trustDomain: string,
  failure: string,
  now: number,
): Promise<void> {
  await federations.update(trustDomain, { failedAt: now, failure: failure.slice(0, maximumFailureLength) });
}
