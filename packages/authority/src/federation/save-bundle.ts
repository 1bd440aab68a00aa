import { InterlockError } from "@interlock/bot";
import type { FederationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { keptCas } from "../trust-hub/federated-of.js";
import { isAt, keptBundle, refuseUnfit } from "./add-federation.js";
import type { FetchedDomain } from "./bundle-refresh.js";
import type { TrustBundle } from "./trust-bundle.js";

/** The longest reason of a failure that is kept, in characters. */
const maximumFailureLength = 500;

/**
 * Records a bundle that was fetched for a domain as it was read then. Bots are told where its CA certificates have changed. Resolves
 * with whether they have.
 *
 * Rejects with `ABORTED`, and changes nothing, where the domain has been revoked meanwhile, or has another endpoint or bundle; with
 * `FAILED_PRECONDITION` for a sequence below the one that is held: it is an old bundle, with CAs that may have been withdrawn since.
 */
export function saveBundle(
  store: Pick<Store, "transaction">,
  domain: FetchedDomain,
  bundle: TrustBundle,
  now: number,
  by: string,
): Promise<boolean> {
  const { trustDomain } = domain;
  return store.transaction(async (records) => {
    const { federations, fleet, auditLog } = records;
    const held = await federations.find(trustDomain);
    if (!held || held.revokedAt !== null || !isAsRead(held, domain)) {
      throw new InterlockError("ABORTED", `The federation with ${trustDomain} has been changed meanwhile: try again.`);
    }
    if (held.sequence !== null && (bundle.sequence ?? -1n) < BigInt(held.sequence)) {
      const text = `The bundle of ${trustDomain} has spiffe_sequence ${bundle.sequence ?? "none"}, and ${held.sequence} is held.`;
      throw new InterlockError("FAILED_PRECONDITION", text);
    }
    const next = { ...held, ...keptBundle(bundle, now) };
    const changed = next.caCertificates !== held.caCertificates;
    if (changed) await refuseUnfit(records, next);
    await federations.put(next);
    if (!changed) return false;
    const trustVersion = await fleet.nextTrustVersion();
    const details = { done: "bundle", sequence: next.sequence, cas: bundle.caCertificates.length, trustVersion };
    await auditLog.append({ at: now, kind: "federation", actor: by, subject: trustDomain, details });
    return true;
  });
}

function isAsRead(held: FederationRow, { endpoint, bundle }: FetchedDomain): boolean {
  return (
    isAt(held, endpoint) &&
    held.caCertificates === keptCas(bundle?.caCertificates ?? []) &&
    held.sequence === (bundle?.sequence === undefined ? null : String(bundle.sequence))
  );
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
