import type { Runnable } from "./run.js";
import type { VariantName } from "./variant-name.js";

/** The options of a benchmark. One that is undefined has the benchmark's own default. */
export interface BenchmarkOptions {
  readonly rounds?: number | undefined;
  readonly calls?: number | undefined;
  readonly inFlight?: number | undefined;
  /** How many bots the fleet has. */
  readonly bots?: number | undefined;
  /** The variants that are compared. */
  readonly only?: readonly VariantName[] | undefined;
  /** A folder in which every process leaves its CPU profile; the figures are then not worth quoting. */
  readonly profileFolder?: string | undefined;
  readonly progress: (line: string) => void;
}

/** One entry of the table in `main.ts`. */
export type Benchmark = Runnable<BenchmarkOptions>;
