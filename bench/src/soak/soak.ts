import type { Runnable } from "../run.js";

/** The engines that the authority's store runs on. */
export const storeKinds = ["sqlite", "postgres"] as const;

export type StoreKind = (typeof storeKinds)[number];

/** The options of a soak. */
export interface SoakOptions {
  /** How long the fleet is under load, in milliseconds. */
  readonly durationMs: number;
  /** The stores that the authority is tried on, one after another. */
  readonly stores: readonly StoreKind[];
  /** Whether the swarm is disturbed by faults. Default: false. */
  readonly faults?: boolean | undefined;
  /** What the faults are chosen by. Default: at random. */
  readonly seed?: number | undefined;
  readonly progress: (line: string) => void;
}

/** One entry of the table in `soak/main.ts`: load and disturbance for a while, then the account. */
export type Soak = Runnable<SoakOptions>;
