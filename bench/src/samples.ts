import { type VariantName, variantNames } from "./variant-name.js";

/** The figures of one variant in one round. */
export interface Sample {
  /** CPU microseconds per message. */
  readonly server: number;
  readonly client: number;
  /** Messages a second. */
  readonly throughput: number;
  /** Of a whole call, in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** The samples of every variant, round by round. All that run have equally many; one that is skipped has none. */
export type Samples = Record<VariantName, Sample[]>;

/** The samples before the first round. */
export function createSamples(): Samples {
  return Object.fromEntries(variantNames.map((name) => [name, []])) as unknown as Samples;
}
