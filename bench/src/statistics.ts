/** The median of several measurements, and their range. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The spread of `values`, which must not be empty. */
export function spread(values: Iterable<number>): Spread {
  const sorted = Float64Array.from(values).sort();
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

export function median(values: Iterable<number>): number {
  return spread(values).median;
}

/** The value below which the share `q` of the sorted values lies, interpolated between two neighbors. */
export function quantile(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new Error("there is nothing to take a quantile of");
  return below + (above - below) * (position - Math.floor(position));
}

/** Rounds `value` to so many decimals. */
export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
