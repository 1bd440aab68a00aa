import { InterlockError } from "../base/error.js";

/** How a bot's clients notice that a server has vanished, and when they let go of a connection: `connections` of its options. */
export interface ConnectionTimes {
  readonly silenceMs: number;
  readonly answerMs: number;
  readonly idleMs: number;
}

const defaults: ConnectionTimes = { silenceMs: 2_000, answerMs: 5_000, idleMs: 300_000 };

/** As they are given: what is left out has its default. */
export type GivenTimes = { readonly [Name in keyof ConnectionTimes]?: ConnectionTimes[Name] | undefined };

/** The times with their defaults. Throws `INVALID_ARGUMENT` for one that is no number above zero. */
export function connectionTimes(given: GivenTimes = {}): ConnectionTimes {
  const times = {
    silenceMs: given.silenceMs ?? defaults.silenceMs,
    answerMs: given.answerMs ?? defaults.answerMs,
    idleMs: given.idleMs ?? defaults.idleMs,
  };
  for (const [name, ms] of Object.entries(times)) {
    if (typeof ms === "number" && ms > 0) continue;
    const problem = `connections.${name} is ${String(ms).slice(0, 40)}`;
    throw new InterlockError("INVALID_ARGUMENT", `${problem}: give a number of milliseconds above zero.`);
  }
  return times;
}
