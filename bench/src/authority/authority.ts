import type { Benchmark } from "../benchmark.js";
import { printTable } from "../report.js";
import { median, round, spread } from "../statistics.js";
import { type AuthorityFigures, measureAuthority, type Turn, type Weight } from "./measure.js";

/** What an authority costs: for each token, each enrollment, each bot. */
export const authority: Benchmark = {
  summary: "tokens and enrollments a second on one core, and memory with 10,000 bots connected",
  async run({ bots = 10_000, rounds = 5, calls = 2_000, progress, profileFolder }) {
    const figures = await measureAuthority({
      bots,
      rounds,
      calls,
      progress,
      ...(profileFolder !== undefined && { profileFolder }),
    });
    const report = {
      benchmark: "authority",
      node: process.version,
      bots,
      tokens: summarize(figures.tokens),
      enrollments: summarize(figures.enrollments),
      memory: weigh(figures),
    };
    return { json: report, text: print(report) };
  },
};

interface Cost {
  /** What one core does in a second, if it does nothing else. */
  readonly per_core_s: number;
  /** CPU microseconds for each. */
  readonly us: number;
  /** The same for nothing but the signatures. */
  readonly signatures_us: number;
  /** The one beside the other, paired by round. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number };
}

function summarize(turns: readonly Turn[]): Cost {
  const us = median(turns.map((turn) => turn.us));
  const ratio = spread(turns.map((turn) => turn.us / turn.signaturesUs));
  return {
    per_core_s: Math.round(1e6 / us),
    us: round(us, 1),
    signatures_us: round(median(turns.map((turn) => turn.signaturesUs)), 1),
    ratio: { median: round(ratio.median, 2), min: round(ratio.min, 2), max: round(ratio.max, 2) },
  };
}

interface Memory {
  readonly connected: readonly { readonly bots: number; readonly rss_mb: number; readonly heap_mb: number }[];
  /** What each further bot takes, between the first and the last row. */
  readonly rss_kb_per_bot: number;
  readonly heap_kb_per_bot: number;
}

function weigh({ weights }: AuthorityFigures): Memory {
  const first = weights[0] as Weight;
  const last = weights.at(-1) as Weight;
  const perBot = (of: (weight: Weight) => number) => round((of(last) - of(first)) / 1024 / (last.bots - first.bots), 1);
  return {
    connected: weights.map(({ bots, rss, heap }) => ({ bots, rss_mb: mb(rss), heap_mb: mb(heap) })),
    rss_kb_per_bot: perBot(({ rss }) => rss),
    heap_kb_per_bot: perBot(({ heap }) => heap),
  };
}

const mb = (bytes: number) => round(bytes / 1024 / 1024, 1);

function print(report: { tokens: Cost; enrollments: Cost; memory: Memory; bots: number }): string {
  const cost = (name: string, { per_core_s, us, signatures_us, ratio }: Cost) => [
    name,
    String(per_core_s),
    us.toFixed(0),
    signatures_us.toFixed(0),
    `${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)})`,
  ];
  const { memory } = report;
  return [
    "authority: CPU of its process, all threads\n",
    printTable([
      ["", "a second on one core", "µs each", "signatures alone, µs", "ratio"],
      cost("tokens", report.tokens),
      cost("enrollments", report.enrollments),
    ]),
    "Memory, with so many bots connected and following the trust\n",
    printTable([
      ["bots", "resident MB", "live objects MB"],
      ...memory.connected.map((row) => [String(row.bots), row.rss_mb.toFixed(0), row.heap_mb.toFixed(0)]),
    ]),
    `Each further bot: ${memory.rss_kb_per_bot} kB resident, ${memory.heap_kb_per_bot} kB of live objects\n`,
  ].join("\n");
}
