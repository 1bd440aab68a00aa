import { type Bar, type Judged, judge, printBars } from "../bars.js";
import { printTable } from "../print-table.js";
import { median, round, spread } from "../statistics.js";

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

/** What one load has shown: the paired turns of each round. */
export interface MeasuredTraces {
  readonly inFlight: number;
  readonly rounds: PairedTurns[][];
}

interface Row {
  readonly end: End;
  readonly in_flight: number;
  /** Medians. */
  readonly with_us: number;
  readonly without_us: number;
  /** With an SDK, to without: the median of the paired turns of each round, and of those the median, the lowest and the highest. */
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
    .filter(({ rounds }) => rounds.length > 0)
    .flatMap(({ inFlight, rounds }) => ends.map((end) => rowOf(end, inFlight, rounds)));
  const bars = rows.map(({ end, in_flight, ratio }) => judge<TracesBar>({ end, in_flight, at_most: atMost }, ratio));
  return { rows, bars };
}

function rowOf(end: End, inFlight: number, rounds: readonly (readonly PairedTurns[])[]): Row {
  const {
    median: ratio,
    min,
    max,
  } = spread(rounds.map((turns) => median(turns.map((turn) => turn.with[end] / turn.without[end]))));
  const all = rounds.flat();
  return {
    end,
    in_flight: inFlight,
    with_us: round(median(all.map((turn) => turn.with[end])), 2),
    without_us: round(median(all.map((turn) => turn.without[end])), 2),
    ratio: round(ratio, 4),
    low: round(min, 4),
    high: round(max, 4),
  };
}

/** The figures as text for people. */
export function print(loads: readonly MeasuredTraces[]): string {
  const { rows, bars } = summarize(loads);
  const rounds = loads[0]?.rounds.length ?? 0;
  return [
    `traces: CPU µs a call with an SDK that samples nothing, and without, ${rounds} rounds, Node ${process.version}\n`,
    printTable([
      ["", "with", "without", "ratio (min–max of the rounds)"],
      ...rows.map((row) => [
        nameOf(row),
        row.with_us.toFixed(2),
        row.without_us.toFixed(2),
        `${row.ratio.toFixed(3)} (${row.low.toFixed(3)}–${row.high.toFixed(3)})`,
      ]),
    ]),
    ...(bars.length > 0 ? ["with to without\n", printBars(bars.map((bar) => [nameOf(bar), bar, 3]))] : []),
  ].join("\n");
}

function nameOf({ end, in_flight }: Pick<Row, "end" | "in_flight">): string {
  return `${end}, ${in_flight} at a time`;
}
