import type { Store } from "../store/store.js";

/** The issuer of tokens from now on. */
export interface IssuerClaim {
  /** The `iss` of tokens; absent for the authority's SPIFFE ID. */
  readonly issuer: string | undefined;
  /** The authority's SPIFFE ID. */
  readonly spiffeId: string;
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Records the issuer if it has changed. The authority and its keys are the same, so tokens of the previous issuer stay
 * valid. Refresh the trust hub afterwards.
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
