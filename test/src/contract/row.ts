import type { Reason } from "@interlock/bot";

/**
 * The result of an attack: the code of a gRPC status, a connection without a usable channel, or, if the target is a bot or a
 * build, an explicit refusal.
 */
export type Answer = number | "close" | "refused";

/** One way to make a row's attack. */
export interface Variant {
  readonly name: string;
  /** The answer that the contract demands. */
  readonly answer: Answer | readonly Answer[];
  /** The recorded reason of the refusal; absent if nothing can be recorded, as the row says. */
  readonly reason?: Reason;
  /** The number of records. Default: 1. */
  readonly times?: number | "some";
  /** Makes the attack and resolves to its result. Throws for any other problem. */
  attack(): Promise<Answer>;
  /** A measurement for the report. */
  note?(): string;
}

/** A row's stage: running servers, with access to everything. */
export interface Play {
  /** The same call made properly. Throws if it fails. It is also the barrier after each attack. */
  control(): Promise<void>;
  readonly variants: readonly Variant[];
  /** The number of handler runs. Only the control may cause them; it counts as `perControl`. */
  handled(): number | Promise<number>;
  /** The number of handler runs in one control. Default: 1. */
  readonly perControl?: number;
  /** The reasons of all refusals since the stage was set, in order. */
  denials(): readonly string[];
  end(): Promise<void>;
}

/** One row of the security contract. */
export interface Row {
  readonly row: number;
  /** The attack, in the words of the contract. */
  readonly attack: string;
  /** A missing part; a row with one is not played. */
  readonly needs?: string;
  /** Sets the stage. */
  play?(): Promise<Play>;
}

/** The result of a row. */
export interface Result {
  readonly row: number;
  readonly attack: string;
  readonly control: "ok" | "failed" | "not run";
  /** The answers to the attacks, and the recorded reasons. */
  readonly answer: string;
  /** The number of variants that were played. */
  readonly variants: number;
  readonly ms: number;
  readonly ok: boolean;
  readonly skipped?: string;
  /** The problems, one line for each failed variant. */
  readonly problems?: readonly string[];
}
