import { type Bar, type Judged, judge, printBars } from "../bars.js";
import { printTable } from "../print-table.js";
import { median, quantile, round } from "../statistics.js";

/** The ends of a call. */
export const ends = ["server", "client"] as const;

export type End = (typeof ends)[number];

/** The CPU time of each end, in microseconds for each call. */
export type Cost = Readonly<Record<End, number>>;

/** Two turns of the same processes, one after the other: one with an SDK, one without. */
export interface PairedTurns {
  readonly with: Cost;
  readonly without: Cost;
}

/** The paired turns of one load so far. */
export interface MeasuredTraces {
  readonly inFlight: number;
  readonly turns: readonly PairedTurns[];
}

interface Row {
  readonly end: End;
  readonly in_flight: number;
  /** Paired turns. */
  readonly turns: number;
  /** Medians. */
  readonly with_us: number;
  readonly without_us: number;
  /** With an SDK, to without: the median of the paired turns, and the bounds between which it is with 95 % confidence. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

interface TracesBar extends Bar {
  readonly end: End;
  readonly in_flight: number;
}

/** The most that an SDK that samples nothing may cost. */
const atMost = 1.03;

/** What the loads have shown, with the bars. */
export function summarize(loads: readonly MeasuredTraces[]): { rows: Row[]; bars: Judged<TracesBar>[] } {
  const rows = loads
    .filter(({ turns }) => turns.length > 0)
    .flatMap(({ inFlight, turns }) => ends.map((end) => rowOf(end, inFlight, turns)));
  const bars = rows.map(({ end, in_flight, ratio }) => judge<TracesBar>({ end, in_flight, at_most: atMost }, ratio));
  return { rows, bars };
}

function rowOf(end: End, inFlight: number, turns: readonly PairedTurns[]): Row {
  const ratios = Float64Array.from(turns, (turn) => turn.with[end] / turn.without[end]).sort();
  // So many ratios are below the true median or above it, in 95 of 100 runs: the binomial distribution, as a normal one.
  const margin = 1.96 / (2 * Math.sqrt(turns.length));
  return {
    end,
    in_flight: inFlight,
    turns: turns.length,
    with_us: round(median(turns.map((turn) => turn.with[end])), 2),
    without_us: round(median(turns.map((turn) => turn.without[end])), 2),
    ratio: round(quantile(ratios, 0.5), 4),
    low: round(quantile(ratios, Math.max(0, 0.5 - margin)), 4),
    high: round(quantile(ratios, Math.min(1, 0.5 + margin)), 4),
  };
}

/** The figures as text for people. */
export function print(loads: readonly MeasuredTraces[]): string {
  const { rows, bars } = summarize(loads);
  return [
    `traces: CPU µs a call with an SDK that samples nothing, and without, in the same processes, Node ${process.version}\n`,
    printTable([
      ["", "with", "without", "ratio", "95 %", "paired turns"],
      ...rows.map((row) => [
        nameOf(row),
        row.with_us.toFixed(2),
        row.without_us.toFixed(2),
        row.ratio.toFixed(3),
        `${row.low.toFixed(3)}–${row.high.toFixed(3)}`,
        String(row.turns),
      ]),
    ]),
    ...(bars.length > 0 ? ["with to without\n", printBars(bars.map((bar) => [nameOf(bar), bar, 3]))] : []),
  ].join("\n");
}

function nameOf({ end, in_flight }: Pick<Row, "end" | "in_flight">): string {
  return `${end}, ${in_flight} at a time`;
}
