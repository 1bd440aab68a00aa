import { InterlockError } from "@interlock/bot";
import type { TrustBundle } from "./trust-bundle.js";

/**
 * Decides whether a fetched bundle may follow the known one: its sequence never goes backwards (SPIFFE Federation, section 4.2), so
 * that a stale copy of the endpoint does not bring a CA back that has been withdrawn. A bundle without a sequence counts as the newest;
 * the known sequence is kept for the next one.
 *
 * @returns The bundle to keep.
 * @throws InterlockError `FAILED_PRECONDITION` for an older one.
 */
export function inOrder(trustDomain: string, known: TrustBundle | undefined, fetched: TrustBundle): TrustBundle {
  const { caCertificates, refreshHintSeconds, sequence = known?.sequence } = fetched;
  if (known?.sequence !== undefined && sequence !== undefined && sequence < known.sequence) {
    const remedy = `if ${trustDomain} has been set up anew, revoke it and add it again`;
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `The bundle of ${trustDomain} is older than the known one: its sequence is ${sequence}, after ${known.sequence}; ${remedy}.`,
    );
  }
  return {
    caCertificates,
    ...(sequence !== undefined && { sequence }),
    ...(refreshHintSeconds !== undefined && { refreshHintSeconds }),
  };
}
