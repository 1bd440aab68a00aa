import type { Outside, RetireSubject, StepId } from "@interlock/audit";

/** How a retirement is carried out. */
export interface RetireOptions {
  /** Whether it goes on although there are live callers. */
  readonly despiteCallers: boolean;
  /** Whether it goes on although no operator would be left that could undo it; includes `despiteCallers`. */
  readonly force: boolean;
  /** How far back a call makes a caller live, in milliseconds. Default: 24 hours. */
  readonly windowMs?: number | undefined;
  /** How long the addresses are scanned until they are gone, in milliseconds. */
  readonly waitMs: number;
  /** The steps outside. */
  readonly outside: Outside;
  /** Further addresses to scan. */
  readonly addresses: readonly string[];
  /** Steps that the operator ticks off by its word. */
  readonly tickedOff: ReadonlySet<StepId>;
  /** The project's grants file. */
  readonly grantsFile: string;
  /** The file for the signed record. Default: one in the folder of the project. */
  readonly recordFile?: string | undefined;
}

/** What holds where nothing else is said: 24 hours, 10 seconds, nothing outside, and no force. */
export const defaultOptions: RetireOptions = {
  despiteCallers: false,
  force: false,
  waitMs: 10_000,
  outside: {},
  addresses: [],
  tickedOff: new Set(),
  grantsFile: "grants.yaml",
};

/** The environment of a hook and the words that files are searched for. */
export interface RetiredThing {
  readonly subject: RetireSubject;
  readonly addresses: readonly string[];
}
