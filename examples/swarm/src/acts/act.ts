import type { Stage } from "../stage.js";

/** One act of the story. */
export interface Act {
  /** For `--act`. */
  readonly name: string;
  /** A sentence for people: what happens. */
  readonly title: string;
  /** The refused party, in words. */
  readonly attacker?: string;
  /** The word for a good end. */
  readonly verdict: "blocked" | "survived" | "done";
  /** The numbers of the bars that it shows; see the README. */
  readonly bars: readonly number[];
  /** The expected observation. */
  readonly expected: string;
  /** Plays the act. Throws when it cannot be played, for example because its control is refused, too. */
  play(stage: Stage): Promise<Seen>;
}

/** The measured result of an act. */
export interface Seen {
  readonly seen: string;
  /** The measured time, in milliseconds; each act defines what it measures. */
  readonly ms: number;
  readonly ok: boolean;
  /** The refusal, if the act is an attack. */
  readonly denial?: { readonly code: string; readonly reason: string };
}
