import type { Stage } from "../stage.js";

/** One act of the story. */
export interface Act {
  /** For `--act`. */
  readonly name: string;
  /** What happens in it, for people. */
  readonly title: string;
  /** Who is refused in it, in words. */
  readonly attacker?: string;
  /** What a good end of it is called. */
  readonly verdict: "blocked" | "survived" | "done";
  /** The numbers of the bars that it shows; the README has them. */
  readonly bars: readonly number[];
  /** What ought to be seen. */
  readonly expected: string;
  /** Plays it. Throws when it cannot be played, for example because what is refused is refused to everybody. */
  play(stage: Stage): Promise<Seen>;
}

/** What was seen, all of it measured. */
export interface Seen {
  readonly seen: string;
  /** How long that took, in milliseconds: what it is that took so long the act says. */
  readonly ms: number;
  readonly ok: boolean;
  /** The refusal, where the act is an attack. */
  readonly denial?: { readonly code: string; readonly reason: string };
}
