import type { Answers } from "./try-cases.js";

/** How much is tried. */
export interface FuzzOptions {
  /** Decides on everything that is chosen at random. */
  readonly seed: number;
  /** How many requests of several extremes there are for each method. */
  readonly mixed: number;
  /** Which part of all requests is tried, from 0 to 1. */
  readonly share: number;
}

/** What became of it. */
export interface Fuzzed {
  readonly cases: number;
  /** How often there was each answer. */
  readonly answers: Answers;
  /** What honest users noticed, and the answers that say that something went wrong in the server. */
  readonly problems: readonly string[];
}
