import { type Bar, type Judged, judge, printBars } from "./bars.js";
import type { Load } from "./load.js";
import type { Measured, MeasuredLoad } from "./measured.js";
import { printTable } from "./print-table.js";
import type { Sample, Samples } from "./samples.js";
import { median, round, type Spread, spread } from "./statistics.js";
import { type VariantName, variantNames } from "./variant-name.js";

const figures = ["server", "client", "throughput", "p50", "p99"] as const;

/** One variant relative to another: each figure divided by the other's figure of the same round. */
export type Ratio = { readonly of: VariantName; readonly to: VariantName } & Readonly<Record<keyof Sample, Spread>>;

/** What a ratio should be under one load. */
export interface RatioBar extends Bar {
  readonly figure: keyof Sample;
  readonly of: VariantName;
  readonly to: VariantName;
  readonly in_flight: number;
}

/** The figures of one load. */
export interface LoadReport {
  /** The number of calls of each variant in each round. */
  readonly calls: number;
  /** The number of messages in each call. */
  readonly messages: number;
  readonly in_flight: number;
  readonly rounds: number;
  /** Medians over the rounds; CPU time and rate per message, latency per call. */
  readonly variants: readonly {
    readonly name: VariantName;
    readonly server_us: number;
    readonly client_us: number;
    readonly calls_per_s: number;
    readonly p50_us: number;
    readonly p99_us: number;
  }[];
  readonly ratios: readonly Ratio[];
}

/** The object that `--json` prints. The figures beside `loads` are those of the first load. */
export interface Report extends LoadReport {
  readonly benchmark: string;
  readonly node: string;
  readonly loads: readonly LoadReport[];
  readonly bars: readonly Judged<RatioBar>[];
  readonly skipped: Measured["skipped"];
}

const pairs: readonly (readonly [VariantName, VariantName])[] = [
  ["interlock", "grpc-js"],
  ["interlock+otel", "interlock"],
  ["grpc-js+jwt", "grpc-js"],
  ["nice-grpc", "grpc-js"],
  ["connect-node", "grpc-js"],
  ["grpc-go", "grpc-js"],
  ["tls-floor", "grpc-js"],
  ["interlock", "grpc-js+jwt"],
  ["interlock", "nice-grpc"],
  ["interlock", "connect-node"],
  ["interlock", "grpc-go"],
  ["interlock", "tls-floor"],
];

/** The figures of the rounds so far. Before the first round there are no variants, no ratios and no bars. */
export function createReport(benchmark: string, measured: Measured, bars: readonly RatioBar[]): Report {
  const loads = measured.loads.map(reportLoad);
  const [first] = loads;
  if (!first) throw new Error("there is no load to report");
  return { benchmark, node: process.version, ...first, loads, bars: judgeBars(bars, loads), skipped: measured.skipped };
}

function reportLoad({ load, samples }: MeasuredLoad): LoadReport {
  const { calls, messages, inFlight }: Load = load;
  const measured = variantNames.filter((name) => samples[name].length > 0);
  return {
    calls,
    messages,
    in_flight: inFlight,
    rounds: Math.max(...variantNames.map((name) => samples[name].length)),
    variants: measured.map((name) => {
      const middle = (figure: keyof Sample) => round(median(samples[name].map((sample) => sample[figure])), 1);
      return {
        name,
        server_us: middle("server"),
        client_us: middle("client"),
        calls_per_s: middle("throughput"),
        p50_us: middle("p50"),
        p99_us: middle("p99"),
      };
    }),
    ratios: pairs
      .filter((pair) => pair.every((name) => measured.includes(name)))
      .map(([of, to]) => createRatio(samples, of, to)),
  };
}

function createRatio(samples: Samples, of: VariantName, to: VariantName): Ratio {
  const ratio = (figure: keyof Sample): Spread => {
    const { median, min, max } = spread(
      samples[of].map((sample, i) => sample[figure] / (samples[to][i] as Sample)[figure]),
    );
    return { median: round(median, 3), min: round(min, 3), max: round(max, 3) };
  };
  return {
    of,
    to,
    server: ratio("server"),
    client: ratio("client"),
    throughput: ratio("throughput"),
    p50: ratio("p50"),
    p99: ratio("p99"),
  };
}

/** The bars whose ratio was measured. */
function judgeBars(bars: readonly RatioBar[], loads: readonly LoadReport[]): Judged<RatioBar>[] {
  return bars.flatMap((bar) => {
    const load = loads.find(({ in_flight }) => in_flight === bar.in_flight);
    const ratio = load?.ratios.find(({ of, to }) => of === bar.of && to === bar.to);
    return ratio ? [judge(bar, ratio[bar.figure].median)] : [];
  });
}

/** The report as text for people. */
export function printReport({ benchmark, node, loads, bars, skipped }: Report): string {
  return [
    ...loads.map((load) => printLoad(benchmark, node, load)),
    ...(bars.length > 0 ? [`What the ratios should be\n\n${printBars(bars.map(nameBar))}`] : []),
    ...skipped.map(({ name, why }) => `skipped: ${name} (${why})\n`),
  ].join("\n");
}

function nameBar(bar: Judged<RatioBar>): readonly [string, Judged, number] {
  return [`${bar.figure}: ${bar.of} / ${bar.to}, ${bar.in_flight} at a time`, bar, 2];
}

function printLoad(benchmark: string, node: string, load: LoadReport): string {
  const { calls, messages, in_flight, rounds, variants, ratios } = load;
  const what = messages === 1 ? `${calls} calls` : `${calls} streams of ${messages} messages`;
  const unit = messages === 1 ? "call" : "message";
  return [
    `${benchmark}: ${what} a round, ${in_flight} at a time, ${rounds} rounds, Node ${node}`,
    "",
    printTable([
      ["", `server µs/${unit}`, `client µs/${unit}`, `${unit}s/s`, "p50 µs", "p99 µs"],
      ...variants.map(({ name, ...row }) => [
        name,
        ...Object.values(row).map((value) => value.toFixed(value < 10 ? 1 : 0)),
      ]),
    ]),
    "Ratios, paired round by round: median (min–max)",
    "",
    printTable([
      ["", ...figures],
      ...ratios.map((ratio) => [`${ratio.of} / ${ratio.to}`, ...figures.map((figure) => printSpread(ratio[figure]))]),
    ]),
  ].join("\n");
}

function printSpread({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
