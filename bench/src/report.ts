import type { Load } from "./load.js";
import { printTable } from "./print-table.js";
import type { Sample, Samples } from "./samples.js";
import { median, round, type Spread, spread } from "./statistics.js";
import { type VariantName, variantNames } from "./variant-name.js";

const figures = ["server", "client", "throughput", "p50", "p99"] as const;

/** One variant relative to another: each figure divided by the other's figure of the same round. */
export type Ratio = { readonly of: VariantName; readonly to: VariantName } & Readonly<Record<keyof Sample, Spread>>;

/** The object that `--json` prints. */
export interface Report {
  readonly benchmark: string;
  readonly node: string;
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

/** The figures of the rounds so far. Before the first round there are no variants and no ratios. */
export function createReport(benchmark: string, { calls, messages, inFlight }: Load, samples: Samples): Report {
  const rounds = samples["grpc-js"].length;
  const measured = rounds === 0 ? [] : variantNames;
  const pairs: readonly (readonly [VariantName, VariantName])[] = [
    ["interlock", "grpc-js"],
    ["grpc-js+jwt", "grpc-js"],
    ["nice-grpc", "grpc-js"],
    ["interlock", "grpc-js+jwt"],
    ["interlock", "nice-grpc"],
  ];
  return {
    benchmark,
    node: process.version,
    calls,
    messages,
    in_flight: inFlight,
    rounds,
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
    ratios: rounds === 0 ? [] : pairs.map(([of, to]) => createRatio(samples, of, to)),
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

/** The report as text for people. */
export function printReport({ benchmark, node, calls, messages, in_flight, rounds, variants, ratios }: Report): string {
  const what = messages === 1 ? `${calls} calls` : `${calls} streams of ${messages} messages`;
  const unit = messages === 1 ? "call" : "message";
  return [
    `${benchmark}: ${what} a round, ${in_flight} at a time, ${rounds} rounds, Node ${node}`,
    "",
    printTable([
      ["", `server µs/${unit}`, `client µs/${unit}`, `${unit}s/s`, "p50 µs", "p99 µs"],
      ...variants.map(({ name, ...row }) => [name, ...Object.values(row).map((value) => value.toFixed(0))]),
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
