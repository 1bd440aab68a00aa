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

/** Of so many workers, in one process. */
interface Crew {
  readonly workers: number;
  /** How many tasks each has in hand, and how many jobs each of BullMQ's does at a time: what was found to be fastest. */
  readonly inHand: number;
  readonly concurrency: number;
  /** So many tasks that what it takes to connect the workers is over long before the last of them; so many one by one. */
  readonly tasks: number;
  readonly few: number;
}

const crews: readonly Crew[] = [
  { workers: 1, inHand: 900, concurrency: 128, tasks: 40_000, few: 3_000 },
  { workers: 8, inHand: 900, concurrency: 64, tasks: 60_000, few: 10_000 },
  { workers: 64, inHand: 128, concurrency: 16, tasks: 60_000, few: 20_000 },
];

interface Pair {
  /** Tasks a second: medians over the rounds. */
  readonly interlock: number;
  readonly bullmq: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
}

/** Both as fast as they can be set; BullMQ with one job at a time if that is faster. */
interface Rate extends Pair {
  readonly workers: number;
  readonly tasks: number;
  readonly in_hand: number;
  readonly concurrency: number;
  /** Both with one task at a time, and nothing beforehand. */
  readonly one_at_a_time: Pair & { readonly tasks: number };
}

/** What a leader does a second, beside BullMQ; how fast it notices; what a worker costs it. */
export const swarm: Benchmark = {
  summary: "durable fenced tasks beside BullMQ, detection, take-over, emergency stop, connected workers",
  async run({ rounds = 3, calls, bots = 1_000, progress }) {
    const rates: Rate[] = [];
    for (const crew of crews) {
      const { workers } = crew;
      const tasks = calls ?? crew.tasks;
      const few = calls ?? crew.few;
      // Where somebody wants few, most of them must not be in hand before the first is done.
      const atMost = Math.ceil(tasks / workers / 4);
      const inHand = Math.min(crew.inHand, atMost);
      const concurrency = Math.min(crew.concurrency, atMost);
      const fast = { ours: [] as number[], theirs: [] as number[] };
      const single = { ours: [] as number[], theirs: [] as number[] };
      for (let i = 0; i < rounds; i++) {
        fast.ours.push(await measureOurs(workers, inHand - 1, tasks));
        fast.theirs.push(await measureBullMq(workers, concurrency, tasks));
        single.ours.push(await measureOurs(workers, 0, few));
        single.theirs.push(await measureBullMq(workers, 1, few));
      }
      const best = median(fast.theirs) > median(single.theirs) ? fast.theirs : single.theirs;
      const one_at_a_time = { tasks: few, ...pair(single.ours, single.theirs) };
      rates.push({ workers, tasks, in_hand: inHand, concurrency, ...pair(fast.ours, best), one_at_a_time });
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

function pair(ours: readonly number[], theirs: readonly number[]): Pair {
  const ratios = ours.map((each, i) => each / (theirs[i] as number));
  return { interlock: round(median(ours), 0), bullmq: round(median(theirs), 0), ratio: round(median(ratios), 2) };
}

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
    `${rounds} rounds; tasks a second beside BullMQ, and the ratio: each as fast as it can be set; one task at a time`,
    ...tasks_per_s.map(({ workers, one_at_a_time, ...first }) => {
      const pairs = [first, one_at_a_time].map((each) => `${each.interlock}/s : ${each.bullmq}/s = ${each.ratio}`);
      return `  ${String(workers).padStart(3)} workers  ${pairs.join("   ")}`;
    }),
    ...Object.entries(named).map(([name, { p50, p99 }]) => `  ${name.padEnd(12)} p50 ${p50} ms, p99 ${p99} ms`),
    ...connected.map(
      ({ workers, heap_kb, cpu_us }) => `  ${workers} connected: ${heap_kb} KB and ${cpu_us} µs a second for each`,
    ),
    "",
  ].join("\n");
}
