import type { Benchmark } from "../benchmark.js";
import { printTable } from "../print-table.js";
import { roundNames } from "../round-names.js";
import { median, round, spread } from "../statistics.js";
import {
  type AuthorityFigures,
  enrollmentPart,
  measureAuthority,
  type Turn,
  tokenPart,
  type Weight,
} from "./measure.js";

/** The cost of an authority for each token, each enrollment and each bot. */
export const authority: Benchmark = {
  summary: "tokens and enrollments a second on one core, and memory with 10,000 bots connected",
  start({ bots = 10_000, rounds = 5, calls = 2_000, progress, profileFolder }) {
    const figures: AuthorityFigures = { tokens: [], enrollments: [], weights: [] };
    return {
      parts: [...roundNames(rounds, enrollmentPart), ...roundNames(rounds, tokenPart)],
      measure: (done) => measureAuthority({ bots, rounds, calls, progress, profileFolder }, figures, done),
      result() {
        const report: Report = {
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
  },
};

/** The object that `--json` prints; what has not been measured is undefined. */
interface Report {
  readonly benchmark: string;
  readonly node: string;
  readonly bots: number;
  readonly tokens: Cost | undefined;
  readonly enrollments: Cost | undefined;
  readonly memory: Memory | undefined;
}

interface Cost {
  /** The number that one core does in a second, if it does nothing else. */
  readonly per_core_s: number;
  /** CPU microseconds for each. */
  readonly us: number;
  /** The same for the signatures alone. */
  readonly signatures_us: number;
  /** The first divided by the second, paired by round. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number };
}

function summarize(turns: readonly Turn[]): Cost | undefined {
  if (turns.length === 0) return undefined;
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
  /** The memory of each further bot, between the first and the last row. */
  readonly rss_kb_per_bot: number;
  readonly heap_kb_per_bot: number;
}

function weigh({ weights }: AuthorityFigures): Memory | undefined {
  const first = weights[0];
  const last = weights.at(-1);
  if (!first || !last || first === last) return undefined;
  const perBot = (of: (weight: Weight) => number) => round((of(last) - of(first)) / 1024 / (last.bots - first.bots), 1);
  return {
    connected: weights.map(({ bots, rss, heap }) => ({ bots, rss_mb: mb(rss), heap_mb: mb(heap) })),
    rss_kb_per_bot: perBot(({ rss }) => rss),
    heap_kb_per_bot: perBot(({ heap }) => heap),
  };
}

const mb = (bytes: number) => round(bytes / 1024 / 1024, 1);

function print({ tokens, enrollments, memory }: Report): string {
  const costs = Object.entries({ tokens, enrollments }).flatMap(([name, cost]) => (cost ? [row(name, cost)] : []));
  return [
    "authority: CPU of its process, all threads\n",
    printTable([["", "a second on one core", "µs each", "signatures alone, µs", "ratio"], ...costs]),
    ...(memory ? printMemory(memory) : []),
  ].join("\n");
}

function row(name: string, { per_core_s, us, signatures_us, ratio }: Cost): string[] {
  const ratios = `${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)})`;
  return [name, String(per_core_s), us.toFixed(0), signatures_us.toFixed(0), ratios];
}

function printMemory({ connected, rss_kb_per_bot, heap_kb_per_bot }: Memory): string[] {
  return [
    "Memory, with so many bots connected and following the trust\n",
    printTable([
      ["bots", "resident MB", "live objects MB"],
      ...connected.map(({ bots, rss_mb, heap_mb }) => [String(bots), rss_mb.toFixed(0), heap_mb.toFixed(0)]),
    ]),
    `Each further bot: ${rss_kb_per_bot} kB resident, ${heap_kb_per_bot} kB of live objects\n`,
  ];
}
