import { InterlockError } from "@interlock/bot";
import type { Records } from "../store/store.js";
import { casOf } from "../trust-hub/federated-of.js";
import { findLookAlike } from "./look-alike.js";

/**
 * Refuses a chain of CAs (DER) for this fleet that a CA of a federated trust domain looks like: TLS could take that one for ours. Rejects with `FAILED_PRECONDITION`.
 */
export async function refuseLikeFederated(
  { federations }: Pick<Records, "federations">,
  chain: readonly Uint8Array[],
): Promise<void> {
  const relations = await federations.inForce();
  const found = relations.find((relation) => findLookAlike(casOf(relation), chain) !== undefined);
  if (!found) return;
  throw new InterlockError(
    "FAILED_PRECONDITION",
    `A CA certificate of the federated domain ${found.trustDomain} has the name and key identifier of one in this chain, which would ` +
      `lock the bots below it out: have the chain issued under another name, or run "interlock federation revoke ${found.trustDomain}".`,
  );
}
