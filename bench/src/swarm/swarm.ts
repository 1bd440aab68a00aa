import type { Benchmark } from "../benchmark.js";
import { median, quantile, round } from "../statistics.js";
import {
  measureBullMq,
  measureConnected,
  measureDetection,
  measureOurs,
  measureStop,
  measureTakeOver,
  type Weight,
} from "./measure.js";

/** So many tasks that what it takes to connect the workers is over long before the last of them. */
const crews = [
  { workers: 1, enough: 3_000 },
  { workers: 8, enough: 10_000 },
  { workers: 64, enough: 20_000 },
];

interface Rate {
  readonly workers: number;
  readonly tasks: number;
  /** Tasks a second: medians over the rounds. */
  readonly interlock: number;
  /** With an append-only file that is flushed after every write, as our store is. */
  readonly bullmq: number;
  /** With one that is flushed once a second. */
  readonly bullmq_everysec: number;
  readonly ratio: number;
  readonly ratio_everysec: number;
}

/** What a leader does a second, beside BullMQ; how fast it notices; what a worker costs it. */
export const swarm: Benchmark = {
  summary: "durable fenced tasks beside BullMQ, detection, take-over, emergency stop, connected workers",
  async run({ rounds = 3, calls, bots = 1_000, progress }) {
    const rates: Rate[] = [];
    for (const { workers, enough } of crews) {
      const tasks = calls ?? enough;
      const samples = { interlock: [] as number[], bullmq: [] as number[], bullmq_everysec: [] as number[] };
      for (let i = 0; i < rounds; i++) {
        samples.interlock.push(await measureOurs(workers, tasks));
        samples.bullmq.push(await measureBullMq(workers, tasks, "always"));
        samples.bullmq_everysec.push(await measureBullMq(workers, tasks, "everysec"));
      }
      const [interlock, bullmq, everysec] = Object.values(samples).map((each) => median(each)) as [
        number,
        number,
        number,
      ];
      const ratioTo = (other: number[]) =>
        round(median(samples.interlock.map((ours, i) => ours / (other[i] as number))), 2);
      rates.push({
        ...{
          workers,
          tasks,
          interlock: round(interlock, 0),
          bullmq: round(bullmq, 0),
          bullmq_everysec: round(everysec, 0),
        },
        ...{ ratio: ratioTo(samples.bullmq), ratio_everysec: ratioTo(samples.bullmq_everysec) },
      });
      progress(`${workers} workers: ${JSON.stringify(rates.at(-1))}`);
    }
    const detection = quantiles(await measureDetection(8));
    progress(`detection ${JSON.stringify(detection)}`);
    const takeOver = quantiles(await measureTakeOver(8));
    progress(`take-over ${JSON.stringify(takeOver)}`);
    const stop = quantiles(await measureStop(8, 100));
    progress(`emergency stop ${JSON.stringify(stop)}`);
    const connected = (await measureConnected([bots / 4, bots / 2, bots].map(Math.ceil), progress)).map(rounded);
    const json = {
      ...{ benchmark: "swarm", node: process.version, rounds, tasks_per_s: rates },
      ...{ detection_ms: detection, take_over_ms: takeOver, emergency_stop_ms: stop, connected },
    };
    return { json, text: print(json) };
  },
};

function quantiles(delays: readonly number[]): { p50: number; p99: number } {
  const sorted = Float64Array.from(delays).sort();
  return { p50: round(quantile(sorted, 0.5), 0), p99: round(quantile(sorted, 0.99), 0) };
}

function rounded({ workers, heap_kb, rss_kb, cpu_us }: Weight): Weight {
  return { workers, heap_kb: round(heap_kb, 0), rss_kb: round(rss_kb, 0), cpu_us: round(cpu_us, 0) };
}

interface Figures {
  readonly rounds: number;
  readonly tasks_per_s: readonly Rate[];
  readonly detection_ms: { p50: number; p99: number };
  readonly take_over_ms: { p50: number; p99: number };
  readonly emergency_stop_ms: { p50: number; p99: number };
  readonly connected: readonly Weight[];
}

function print({ rounds, tasks_per_s, connected, ...times }: Figures): string {
  const named = { detection: times.detection_ms, "take-over": times.take_over_ms, stop: times.emergency_stop_ms };
  return [
    `${rounds} rounds; tasks a second, and the ratio to BullMQ (flushing always; once a second)`,
    ...tasks_per_s.map(
      (rate) =>
        `  ${String(rate.workers).padStart(3)} workers, ${rate.tasks} tasks  ${rate.interlock}/s  ${rate.ratio} of ${rate.bullmq}/s  ` +
        `${rate.ratio_everysec} of ${rate.bullmq_everysec}/s`,
    ),
    ...Object.entries(named).map(([name, { p50, p99 }]) => `  ${name.padEnd(12)} p50 ${p50} ms, p99 ${p99} ms`),
    ...connected.map(
      ({ workers, heap_kb, cpu_us }) => `  ${workers} connected: ${heap_kb} KB and ${cpu_us} µs a second for each`,
    ),
    "",
  ].join("\n");
}
