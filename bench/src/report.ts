import type { Sample, Samples } from "./compare.js";
import type { Load } from "./load.js";
import { median, round, type Spread, spread } from "./statistics.js";
import { type VariantName, variantNames } from "./variant.js";

const figures = ["server", "client", "throughput", "p50", "p99"] as const;

/** One variant beside another: each figure divided by the other's of the same round. */
export type Ratio = { readonly of: VariantName; readonly to: VariantName } & Readonly<Record<keyof Sample, Spread>>;

/** What `--json` prints. */
export interface Report {
  readonly benchmark: string;
  readonly node: string;
  /** Of each variant in each round. */
  readonly calls: number;
  /** Per call. */
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

export function createReport(benchmark: string, { calls, messages, inFlight }: Load, samples: Samples): Report {
  const rounds = samples["grpc-js"].length;
  return {
    benchmark,
    node: process.version,
    calls,
    messages,
    in_flight: inFlight,
    rounds,
    variants: variantNames.map((name) => {
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
    ratios: [
      ...variantNames.filter((name) => name !== "grpc-js").map((name) => createRatio(samples, name, "grpc-js")),
      ...(["grpc-js+jwt", "nice-grpc"] as const).map((name) => createRatio(samples, "interlock", name)),
    ],
  };
}

function createRatio(samples: Samples, of: VariantName, to: VariantName): Ratio {
  const spreads = figures.map((figure) => {
    const ratios = samples[of].map((sample, i) => sample[figure] / (samples[to][i] as Sample)[figure]);
    const { median, min, max } = spread(ratios);
    return [figure, { median: round(median, 3), min: round(min, 3), max: round(max, 3) }];
  });
  return { of, to, ...(Object.fromEntries(spreads) as Record<keyof Sample, Spread>) };
}

/** The same for people. */
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

/** As Markdown, so that it can be quoted. */
export function printTable(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`);
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return `${lines.join("\n")}\n`;
}
