import type { Records } from "../store/store.js";
import { allowedAt, parseAllowed } from "./allowed.js";
import { isRevoked } from "./held-delegation.js";

/** The maximum number of delegations that are looked at for one request, the latest first. */
const maximumLookedAt = 200;

/** Whether a bot holds a delegation in force that allows anything at a service. */
export async function holdsPart(
  records: Pick<Records, "delegations" | "revocations">,
  holder: string,
  service: string,
  now: number,
): Promise<boolean> {
  const found = await records.delegations.page({ after: undefined, limit: maximumLookedAt }, now, holder);
  for (const row of found) {
    const isOfService = row.holder === holder && allowedAt(parseAllowed(row.allowed), service) !== undefined;
    if (isOfService && !(await isRevoked(records, row))) return true;
  }
  return false;
}
