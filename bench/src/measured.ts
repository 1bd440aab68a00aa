import type { Load } from "./load.js";
import { createSamples, type Samples } from "./samples.js";
import type { VariantName } from "./variant-name.js";

/** Everything that a comparison has measured so far. */
export interface Measured {
  readonly loads: readonly MeasuredLoad[];
  /** The variants that this machine cannot run. */
  readonly skipped: { readonly name: VariantName; readonly why: string }[];
}

/** One load, and what it has shown. */
export interface MeasuredLoad {
  /** The load of each variant in one round. */
  readonly load: Load;
  /** The load of the rounds at the start that do not count. */
  readonly warmUp: Load;
  readonly samples: Samples;
}

/** The loads before the first round. */
export function createMeasured(loads: readonly Pick<MeasuredLoad, "load" | "warmUp">[]): Measured {
  return { loads: loads.map((each) => ({ ...each, samples: createSamples() })), skipped: [] };
}
