import { InterlockError } from "@interlock/bot";
import type { FederationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";

/** What {@link revokeFederation} has done. */
export interface RevokedFederation {
  readonly row: FederationRow;
  readonly trustVersion: number;
}

/**
 * Revokes a whole trust domain: its bundle is deleted, and with the next version of the trust every server ends the connections,
 * streams and tokens of its bots. When this resolves, it is on the disk; `hub.refresh` sends it to every bot. Rejects with `NOT_FOUND`
 * for a domain that is not federated.
 */
export function revokeFederation(
  store: Pick<Store, "transaction">,
  { trustDomain, reason }: { readonly trustDomain: string; readonly reason: string },
  now: number,
  by: string,
): Promise<RevokedFederation> {
  return store.transaction(async ({ federations, fleet, auditLog }) => {
    const held = await findInForce(federations, trustDomain);
    const revoked = { caCertificates: "[]", sequence: null, refreshHintSeconds: null, revokedAt: now, revokedBy: by };
    await federations.update(trustDomain, revoked);
    const trustVersion = await fleet.nextTrustVersion();
    const details = { done: "revoked", reason, trustVersion };
    await auditLog.append({ at: now, kind: "federation", actor: by, subject: trustDomain, details });
    return { row: { ...held, ...revoked }, trustVersion };
  });
}

/** Finds a relation that is in force. Rejects with `NOT_FOUND`. */
export async function findInForce(
  federations: Pick<Store["federations"], "find">,
  trustDomain: string,
): Promise<FederationRow> {
  const row = await federations.find(trustDomain);
  if (row?.revokedAt === null) return row;
  throw new InterlockError(
    "NOT_FOUND",
    `The trust domain "${trustDomain.slice(0, 255)}" is not federated. List those that are with "interlock federation list".`,
  );
}
