import { setTimeout as delay } from "node:timers/promises";
import type { Denial } from "@interlock/bot";
import { type Attack, attacks, carryOut, type Loot } from "./attackers.js";

/** What came of one attack. */
export interface Repelled {
  readonly attack: Attack["name"];
  readonly title: string;
  /** As the attacker saw it. */
  readonly code: string;
  /** From the leader's own record. */
  readonly reason: string;
  /** Whether it was refused, and for a reason that fits. */
  readonly ok: boolean;
}

const patienceMs = 5_000;

/** Carries out all attacks, each when `turn(share)` says that so much of the work is done. */
export async function raid(
  loot: Loot,
  records: readonly Denial[],
  turn: (share: number) => Promise<void>,
  onRepelled: (repelled: Repelled) => void,
): Promise<void> {
  for (const [i, attack] of attacks.entries()) {
    await turn((i + 0.5) / attacks.length);
    const { length: before } = records;
    const { code, reason: told } = await carryOut(attack, loot);
    const reason = await findReason(attack, () => records.slice(before));
    // Whoever got as far as an answer is told the same reason as is on record.
    const ok = code !== "OK" && attack.expected.includes(reason) && (code === "UNAVAILABLE" || told === reason);
    onRepelled({ attack: attack.name, title: attack.title, code, reason, ok });
  }
}

/** The leader tells of its denials from another process, so they come a moment later. */
async function findReason({ expected }: Attack, records: () => readonly Denial[]): Promise<string> {
  for (let waited = 0; waited < patienceMs; waited += 20) {
    const fitting = records().find(({ reason }) => expected.includes(reason));
    if (fitting) return fitting.reason;
    await delay(20);
  }
  return records().at(-1)?.reason ?? "";
}
