/** The middle of several measurements, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Sorts a copy; `values` must not be empty. */
export function spread(values: Iterable<number>): Spread {
  const sorted = Float64Array.from(values).sort();
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

export function median(values: Iterable<number>): number {
  return spread(values).median;
}

/** The value below which the share `q` of them lies, between two neighbors by their distance. */
export function quantile(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new Error("there is nothing to take a quantile of");
  return below + (above - below) * (position - Math.floor(position));
}

/** Keeps as many decimals as a figure is good for. */
export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
