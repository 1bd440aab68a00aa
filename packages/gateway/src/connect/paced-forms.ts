import { denial } from "@interlock/bot/internal";
import type { MethodForms } from "./forms.js";

/** The forms of a method for one bot, which has so much JSON read and written in a second and no more. */
export interface PacedForms extends MethodForms {
  /** How long an answer has to wait until it may be written, in milliseconds. */
  waitMs(): number;
}

/** Makes the forms of a method those of a bot, by its SPIFFE ID. */
export type Pace = (bot: string, forms: MethodForms) => PacedForms;

/**
 * How many bytes of JSON are read and written for one bot. The last message may go beyond, and what it does is paid off first. At
 * the worst, for messages made of nothing but empty ones, 1 MiB takes 110 ms; usually it takes 5 to 30.
 */
export const jsonBytes = { perSecond: 2 * 1_024 * 1_024, burst: 8 * 1_024 * 1_024 } as const;

const debtsToSweep = 1_000;

/** Makes a {@link Pace}. The debts of bots are paid off within seconds, so as many are kept as call at the same time. */
export function createPace(now: () => number): Pace {
  const debts = new Map<string, { bytes: number; at: number }>();

  function owed(bot: string): number {
    const debt = debts.get(bot);
    if (!debt) return 0;
    return Math.max(0, debt.bytes - (Math.max(0, now() - debt.at) / 1_000) * jsonBytes.perSecond);
  }

  function spend(bot: string, bytes: number): void {
    debts.set(bot, { bytes: owed(bot) + bytes, at: now() });
    if (debts.size > debtsToSweep) for (const known of debts.keys()) if (owed(known) === 0) debts.delete(known);
  }

  function waitMs(bot: string): number {
    const over = owed(bot) - jsonBytes.burst;
    return over <= 0 ? 0 : Math.ceil((over / jsonBytes.perSecond) * 1_000);
  }

  return (bot, forms) => ({
    types: forms.types,
    waitMs: () => waitMs(bot),
    request(json) {
      const retryAfterMs = waitMs(bot);
      if (retryAfterMs > 0) {
        const advice = "send less JSON, or application/proto";
        throw denial("RATE_LIMITED", advice, { retryAfterMs: String(retryAfterMs) });
      }
      spend(bot, json.length);
      return forms.request(json);
    },
    answer(bytes) {
      const json = forms.answer(bytes);
      spend(bot, json.length);
      return json;
    },
  });
}
