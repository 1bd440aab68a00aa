import type { Store } from "../store/store.js";

/** Under which name tokens are issued from now on. */
export interface IssuerClaim {
  /** The `iss` of tokens; absent for the authority's SPIFFE ID. */
  readonly issuer: string | undefined;
  /** The authority's SPIFFE ID. */
  readonly spiffeId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Takes another issuer, where it is another than before. It is the same authority with the same keys, so tokens of the
 * one before stay as good as they were. The trust hub is to be refreshed after.
 */
export async function claimIssuer(store: Store, claim: IssuerClaim): Promise<void> {
  const { issuer = null, spiffeId, now: at } = claim;
  await store.transaction(async ({ fleet, auditLog }) => {
    const known = await fleet.get();
    if (!known || known.issuer === issuer) return;
    const former = known.issuer ?? spiffeId;
    await fleet.reissue(issuer, former);
    await fleet.nextTrustVersion();
    const subject = issuer ?? spiffeId;
    await auditLog.append({ at, kind: "issuer", actor: spiffeId, subject, details: { former } });
  });
}
