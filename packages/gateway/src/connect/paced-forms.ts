import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import type { MethodForms } from "./forms.js";

/** The forms of a method for one bot, which has so much JSON read and written in a second and no more. */
export interface PacedForms extends Omit<MethodForms, "answer"> {
  /**
   * Writes an answer when it is its turn: one after another for each bot, and at its pace.
   *
   * @param isWanted - Whether somebody waits for it still. Where nobody does, `undefined` comes.
   * @throws InterlockError RESOURCE_EXHAUSTED for one that is too long, INTERNAL where there is no JSON for it.
   */
  answer(bytes: Uint8Array, isWanted: () => boolean): Promise<Buffer | undefined>;
  /** How long a bot has to wait until more may be read or written for it, in milliseconds. */
  waitMs(): number;
}

/** Makes the forms of a method those of a bot, by its SPIFFE ID. */
export type Pace = (bot: string, forms: MethodForms) => PacedForms;

/**
 * How many bytes of JSON are read and written for one bot. The last message may go beyond, and what it does is paid off first. At
 * the worst, for messages made of nothing but empty ones, 1 MiB takes 110 ms; usually it takes 5 to 30.
 */
export const jsonBytes = { perSecond: 2 * 1_024 * 1_024, burst: 8 * 1_024 * 1_024 } as const;

/** The longest answer that is written as JSON, in bytes of proto: this keeps the process busy, for 110 ms at the worst. */
export const maximumJsonAnswerBytes = 1_024 * 1_024;

/** After an answer of this many bytes, everything else has its turn. */
const longBytes = 65_536;
const debtsToSweep = 1_000;

/**
 * Makes a {@link Pace}. The debts of bots are paid off within seconds, so as many are kept as call at the same time. The answers that
 * wait are counted by those who bring them.
 *
 * @param wait - Waits so many milliseconds. Default: by a timer.
 */
export function createPace(
  now: () => number,
  wait: (ms: number) => Promise<unknown> = (ms) => sleep(ms, undefined, { ref: false }),
): Pace {
  const debts = new Map<string, { bytes: number; at: number }>();
  /** The last answer of each bot that has some waiting. */
  const turns = new Map<string, Promise<unknown>>();

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

  /** Does something when what was to be done for this bot before has been done. */
  function inTurn<T>(bot: string, work: () => Promise<T>): Promise<T> {
    const done = (turns.get(bot) ?? Promise.resolve()).then(work);
    const turn = done
      .catch(() => {})
      .then(() => {
        if (turns.get(bot) === turn) turns.delete(bot);
      });
    turns.set(bot, turn);
    return done;
  }

  async function write(bot: string, forms: MethodForms, bytes: Uint8Array, isWanted: () => boolean) {
    for (let ms = waitMs(bot); ms > 0 && isWanted(); ms = waitMs(bot)) await wait(ms);
    if (!isWanted()) return undefined;
    const json = forms.answer(bytes);
    spend(bot, json.length);
    if (Math.max(json.length, bytes.length) >= longBytes) await breathe();
    return json;
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
    async answer(bytes, isWanted) {
      if (bytes.length > maximumJsonAnswerBytes) throw tooLong(bytes.length);
      return inTurn(bot, () => write(bot, forms, bytes, isWanted));
    },
  });
}

function tooLong(length: number): InterlockError {
  const problem = `The answer has ${length} bytes as proto, and up to ${maximumJsonAnswerBytes} are written as JSON`;
  return new InterlockError("RESOURCE_EXHAUSTED", `${problem}: ask for application/proto.`);
}
