import type { Reason } from "@interlock/bot";

/**
 * What an attacker gets: the code of a gRPC status, a connection without a usable channel, or, where somebody is to be
 * talked into something (a bot, a build), a refusal that says so.
 */
export type Answer = number | "close" | "refused";

/** One way to make a row's attack. */
export interface Variant {
  readonly name: string;
  /** The answer that the contract demands. */
  readonly answer: Answer | readonly Answer[];
  /** What is recorded where the attack was refused; absent where nothing can be, as the row says. */
  readonly reason?: Reason;
  /** How often it is recorded: once unless said. */
  readonly times?: number | "some";
  /** Makes the attack and gives what became of it. Whatever else it finds wrong, it throws. */
  attack(): Promise<Answer>;
  /** What was measured on the way, for whoever reads the answer. */
  note?(): string;
}

/** A row's stage: servers that run, with everything in reach. */
export interface Play {
  /** The same made properly. Throws unless it succeeds. It is the barrier after each attack as well. */
  control(): Promise<void>;
  readonly variants: readonly Variant[];
  /** How many times handlers have run that must not run but for the control, which counts as `perControl`. */
  handled(): number | Promise<number>;
  /** What handlers run in one control; 1 unless said. */
  readonly perControl?: number;
  /** Reasons of everything that has been refused since the stage was set, in order. */
  denials(): readonly string[];
  end(): Promise<void>;
}

/** One row of the security contract. */
export interface Row {
  readonly row: number;
  /** What is tried, in the words of the contract. */
  readonly attack: string;
  /** What is not there yet; such a row is not played. */
  readonly needs?: string;
  /** Sets the stage. */
  play?(): Promise<Play>;
}

/** What became of a row. */
export interface Result {
  readonly row: number;
  readonly attack: string;
  readonly control: "ok" | "failed" | "not run";
  /** What the attacks were answered with, and what was recorded. */
  readonly answer: string;
  /** How many ways were tried. */
  readonly variants: number;
  readonly ms: number;
  readonly ok: boolean;
  readonly skipped?: string;
  /** What is wrong, a line for each variant that failed. */
  readonly problems?: readonly string[];
}
