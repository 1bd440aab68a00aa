import { printTable } from "./print-table.js";
import { round } from "./statistics.js";

/** What a figure should be: at most, or at least, a number. */
export interface Bar {
  readonly at_most?: number;
  readonly at_least?: number;
  /** Whether it is a hope and not a promise: a miss never fails. Default: false. */
  readonly aim?: boolean;
}

/** A bar beside what was measured. */
export type Judged<Each extends Bar = Bar> = Each & { readonly value: number; readonly met: boolean };

/** Compares a figure with its bar. */
export function judge<Each extends Bar>(bar: Each, value: number): Judged<Each> {
  const { at_most = Infinity, at_least = 0 } = bar;
  return { ...bar, value: round(value, 3), met: value <= at_most && value >= at_least };
}

/** No noise of a shared machine makes a miss by this factor. */
const farFactor = 10;

/** Whether a bar is missed by an order of magnitude. */
export function isFarOff({ at_most = Infinity, at_least = 0, aim = false, value }: Judged): boolean {
  return !aim && (value > at_most * farFactor || value < at_least / farFactor);
}

/** The bars as a table for people, each with its name and the digits after the point. */
export function printBars(bars: readonly (readonly [name: string, bar: Judged, decimals: number])[]): string {
  return printTable([
    ["bar", "", "measured", ""],
    ...bars.map(([name, bar, decimals]) => [
      name,
      bar.at_least === undefined ? `≤ ${bar.at_most}` : `≥ ${bar.at_least}`,
      bar.value.toFixed(decimals),
      `${bar.met ? "met" : "missed"}${bar.aim ? " (an aim)" : ""}`,
    ]),
  ]);
}
