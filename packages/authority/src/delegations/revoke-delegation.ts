import { denial } from "@interlock/bot/internal";
import type { SpiffeId } from "@interlock/policy";
import { type RevokeParts, revoke } from "../revocations/revoke.js";
import type { DelegationRow, RevocationRow } from "../store/schema.js";

/**
 * Revokes a delegation, and with it everything that hangs below it: tokens name all delegations above them, so that one
 * revocation reaches every bot and ends every call. A bot may revoke what it gave, what hangs below that, and what it holds. Rejects
 * with `DELEGATION_NOT_HELD` for any other.
 */
export async function revokeDelegation(
  parts: RevokeParts,
  by: SpiffeId,
  id: string,
  now: number,
): Promise<RevocationRow> {
  const row = await parts.store.delegations.find(id);
  if (!row || !mayRevoke(row, by.name)) throw denial("DELEGATION_NOT_HELD");
  const reason = row.holder === by.name ? "given back by its holder" : "taken back by a bot that gave it";
  return revoke(parts, { kind: "token", subject: id }, reason, now, by.uri);
}

/** Every bot above a delegation acts in it, or is its subject. */
function mayRevoke({ subject, actors }: DelegationRow, name: string): boolean {
  return subject === name || actors.split(" ").includes(name);
}
