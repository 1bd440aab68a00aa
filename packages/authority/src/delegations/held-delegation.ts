import { denial } from "@interlock/bot/internal";
import type { DelegationRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import { type Allowed, parseAllowed } from "./allowed.js";

/** A delegation that is in force. */
export interface HeldDelegation {
  readonly id: string;
  /** The name of the bot in whose name calls are made. */
  readonly subject: string;
  /** Its id and those above it, the own first. A token under it is revoked with any of them. */
  readonly lineage: readonly string[];
  /** The names of the bots that act by it, the holder first. */
  readonly actors: readonly string[];
  readonly allowed: Allowed;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Finds a delegation in force by its id. With `holder`, it has to be that bot's: the same answer is given for one that another bot
 * holds and for one that does not exist. Rejects with `DELEGATION_NOT_HELD` and `DELEGATION_ENDED`.
 */
export async function findHeld(
  records: Pick<Records, "delegations" | "revocations">,
  id: string,
  now: number,
  holder?: string,
): Promise<HeldDelegation> {
  const row = await records.delegations.find(id);
  if (!row || (holder !== undefined && row.holder !== holder)) throw denial("DELEGATION_NOT_HELD");
  if (now >= row.expiresAt) throw denial("DELEGATION_ENDED", "it has expired");
  if (await isRevoked(records, row)) throw denial("DELEGATION_ENDED", "it has been revoked");
  return {
    id,
    subject: row.subject,
    lineage: lineageOf(row),
    actors: row.actors.split(" "),
    allowed: parseAllowed(row.allowed),
    expiresAt: row.expiresAt,
  };
}

/** Whether a delegation has been revoked, or one above it. */
export async function isRevoked({ revocations }: Pick<Records, "revocations">, row: DelegationRow): Promise<boolean> {
  for (const id of lineageOf(row)) if (await revocations.find("token", id)) return true;
  return false;
}

/** The ids of a delegation and of those above it, the own first. */
export function lineageOf({ lineage }: Pick<DelegationRow, "lineage">): readonly string[] {
  return lineage.split(" ");
}
