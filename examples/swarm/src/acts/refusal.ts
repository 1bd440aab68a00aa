import { InterlockError } from "@interlock/bot";
import type { Stage } from "../stage.js";
import type { Act } from "./act.js";

/** An attack that must be refused for exactly this reason. */
export interface Attack<Loot> extends Pick<Act, "name" | "title" | "bars" | "attacker"> {
  /** The gRPC code that the attacker sees, and the reason in the record of the server that refused it. */
  readonly expected: readonly [code: string, reason: string];
  /** The same call made properly: it must succeed, or the refusal proves nothing. Returns what the attacker uses of it. */
  readonly control: (stage: Stage) => Promise<Loot>;
  readonly attack: (stage: Stage, loot: Loot) => Promise<unknown>;
  /** Finds the record of the refusal. Default: among the denials. */
  readonly recorded?: (stage: Stage, found: Wanted<Loot>) => Promise<{ readonly reason: string }>;
}

interface Wanted<Loot> {
  readonly loot: Loot;
  readonly reason: string;
  readonly since: number;
}

/** Builds an act from an attack: the control, the attack, and the record of the server that refused it. */
export function refusal<Loot>({ expected, control, attack, recorded = amongDenials, ...act }: Attack<Loot>): Act {
  const [wanted, fitting] = expected;
  return {
    ...act,
    verdict: "blocked",
    expected: expected.join(" "),
    async play(stage) {
      const loot = await control(stage).catch((error) => {
        throw new Error(`the same call made properly failed: ${InterlockError.from(error).message}`);
      });
      const since = Date.now();
      const began = performance.now();
      const { code, reason: told = "" } = await answer(attack(stage, loot));
      const ms = performance.now() - began;
      // An attacker that gets an answer sees the same reason as the record.
      const { reason } = await recorded(stage, { loot, since, reason: fitting }).catch(() => ({
        reason: told || "nothing on record",
      }));
      const seen = `${code} ${reason}`;
      const honest = code === "UNAVAILABLE" || told === reason;
      return { seen, ms, ok: code === wanted && reason === fitting && honest, denial: { code, reason } };
    },
  };
}

async function answer(attack: Promise<unknown>): Promise<{ code: string; reason?: string | undefined }> {
  try {
    await attack;
    return { code: "OK" };
  } catch (error) {
    return InterlockError.from(error);
  }
}

async function amongDenials(
  { chronicle }: Stage,
  { since, reason }: Pick<Wanted<unknown>, "since" | "reason">,
): Promise<{ reason: string }> {
  const { denial } = await chronicle.until("denial", (said) => said.denial.reason === reason, since, 3_000);
  return denial;
}
