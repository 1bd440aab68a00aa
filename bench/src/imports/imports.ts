import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Bar, isFarOff, type Judged, judge, printBars } from "../bars.js";
import type { Benchmark } from "../benchmark.js";
import { printTable } from "../print-table.js";
import { roundName, roundNames } from "../round-names.js";
import { round, type Spread, spread } from "../statistics.js";
import { turnOrder } from "../turn-order.js";

const execute = promisify(execFile);

/** What is imported; "node" is a process that imports nothing. */
const modules = ["node", "@grpc/grpc-js", "@interlock/bot", "@interlock/authority"] as const;

type ModuleName = (typeof modules)[number];

/** One import in a fresh process. */
interface Sample {
  readonly ms: number;
  /** CPU time, user and system, all threads. */
  readonly cpuMs: number;
  /** Resident memory afterwards, in bytes. */
  readonly rss: number;
}

type Samples = Record<ModuleName, Sample[]>;

interface ImportBar extends Bar {
  readonly module: ModuleName;
  readonly figure: "ms" | "rss_mb";
}

const bars: readonly ImportBar[] = [
  { module: "@interlock/bot", figure: "ms", at_most: 100 },
  { module: "@interlock/bot", figure: "rss_mb", at_most: 64 },
  { module: "@interlock/authority", figure: "ms", at_most: 400 },
];

/** The time and the memory that an import takes, each in a fresh process. */
export const imports: Benchmark = {
  summary: "time and memory of importing @interlock/bot, @interlock/authority and grpc-js",
  start({ rounds = 11, progress }) {
    const samples: Samples = { node: [], "@grpc/grpc-js": [], "@interlock/bot": [], "@interlock/authority": [] };
    return {
      parts: roundNames(rounds),
      async measure(done) {
        const orders = turnOrder(modules);
        for (const each of modules) await take(each); // The files are in the cache of the system from here on.
        for (let turn = 1; turn <= rounds; turn++) {
          for (const each of orders[turn % orders.length] ?? []) samples[each].push(await take(each));
          progress(`round ${turn} of ${rounds}`);
          done(roundName(turn));
        }
      },
      result() {
        const rows = summarize(samples);
        const judged = judgeBars(rows);
        return {
          ok: !judged.some(isFarOff),
          json: {
            benchmark: "import",
            node: process.version,
            rounds: samples.node.length,
            modules: rows,
            bars: judged,
          },
          text: print(rows, judged, samples.node.length),
        };
      },
    };
  },
};

/** Imports in a fresh process. */
async function take(module: ModuleName): Promise<Sample> {
  const script = fileURLToPath(new URL("./import-process.js", import.meta.url));
  const urls = module === "node" ? [] : [import.meta.resolve(module)];
  const { stdout } = await execute(process.execPath, [script, ...urls]);
  return JSON.parse(stdout) as Sample;
}

interface Row {
  readonly module: ModuleName;
  readonly ms: Spread;
  readonly cpu_ms: Spread;
  readonly rss_mb: Spread;
}

function summarize(samples: Samples): Row[] {
  const measured = modules.filter((module) => samples[module].length > 0);
  return measured.map((module) => {
    const figures = (of: (sample: Sample) => number): Spread => {
      const { median, min, max } = spread(samples[module].map(of));
      return { median: round(median, 1), min: round(min, 1), max: round(max, 1) };
    };
    return {
      module,
      ms: figures(({ ms }) => ms),
      cpu_ms: figures(({ cpuMs }) => cpuMs),
      rss_mb: figures(({ rss }) => rss / 1024 / 1024),
    };
  });
}

function judgeBars(rows: readonly Row[]): Judged<ImportBar>[] {
  return bars.flatMap((bar) => {
    const row = rows.find(({ module }) => module === bar.module);
    return row ? [judge(bar, row[bar.figure].median)] : [];
  });
}

function print(rows: readonly Row[], judged: readonly Judged<ImportBar>[], rounds: number): string {
  const cell = ({ median, min, max }: Spread) => `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`;
  return [
    `import: each in a fresh process, ${rounds} rounds, Node ${process.version}; median (min–max)\n`,
    printTable([
      ["", "ms", "CPU ms", "resident MB"],
      ...rows.map(({ module, ms, cpu_ms, rss_mb }) => [module, cell(ms), cell(cpu_ms), cell(rss_mb)]),
    ]),
    ...(judged.length > 0 ? [printBars(judged.map(nameBar))] : []),
  ].join("\n");
}

function nameBar(bar: Judged<ImportBar>): readonly [string, Judged, number] {
  return [`${bar.module}, ${bar.figure === "ms" ? "ms" : "resident MB"}`, bar, 0];
}
