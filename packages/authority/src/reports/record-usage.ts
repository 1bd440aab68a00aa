import { otherMethods } from "@interlock/bot/internal";
import type { Records } from "../store/store.js";
import type { UsageCounts } from "../store/usage.js";

/**
 * Adds to the counts of one bot, in total and by day. Admitted calls that are counted without their method make the records of
 * its services say so. Call it in a transaction, after the services of the report have been recorded.
 */
export async function recordUsage(
  { usage, usageDays, serverRecords }: Pick<Records, "usage" | "usageDays" | "serverRecords">,
  spiffeId: string,
  rows: readonly UsageCounts[],
): Promise<void> {
  const counted = await usage.add(spiffeId, rows);
  await usageDays.add(spiffeId, counted);
  // Denials without their method hide no use: callers choose the names of methods that do not exist.
  const others = counted.filter(({ method, denial }) => method === otherMethods && denial === "");
  if (others.length > 0) await serverRecords.uncounted(spiffeId, Math.max(...others.map(({ lastAt }) => lastAt)));
}
