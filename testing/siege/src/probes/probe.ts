import type { Bot } from "@interlock/bot";
import type { TargetAddress } from "../attack.js";

/** What an honest use is made with. */
export interface ProbeStage {
  readonly bot: Bot;
  readonly target: TargetAddress;
  /** Single-use join tokens for `joiner/1` on; each is taken once. */
  readonly joinTokens: string[];
  /** A folder of the probe's own. */
  readonly folder: string;
}

/** An honest use of a target. */
export interface Probe {
  /** How long to wait between two uses, in milliseconds. */
  readonly everyMs: number;
  /** Prepares, and gives the function that uses the target once. It rejects when the use fails. */
  prepare(stage: ProbeStage): Promise<() => Promise<void>>;
}
