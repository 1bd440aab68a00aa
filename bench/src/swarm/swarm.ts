import type { Benchmark } from "../benchmark.js";
import { roundName, roundNames } from "../round-names.js";
import { quantile, round } from "../statistics.js";
import { type Crew, createCrews } from "./crews.js";
import {
  measureBullMq,
  measureConnected,
  measureDetection,
  measureOurs,
  measureStop,
  measureTakeOver,
  type Weight,
} from "./measure.js";
import { createRate, type Rate, type RateSample } from "./rate.js";

/** Tasks a second beside BullMQ, the time until a failure is noticed, and the cost of a worker. */
export const swarm: Benchmark = {
  summary: "durable fenced tasks beside BullMQ, detection, take-over, emergency stop, connected workers",
  start({ rounds = 3, calls, bots = 1_000, progress }) {
    const crews = createCrews(calls).map((crew) => ({ crew, samples: [] as RateSample[] }));
    const counts = [...new Set([bots / 4, bots / 2, bots].map(Math.ceil))];
    const connected: Weight[] = [];
    const delays: Delays = {};
    return {
      parts: [
        ...crews.flatMap(({ crew }) => roundNames(rounds, crewPart(crew))),
        ...Object.values(delayParts),
        ...counts.map(connectedPart),
      ],
      async measure(done) {
        for (const { crew, samples } of crews) {
          for (let i = 1; i <= rounds; i++) {
            samples.push(await measureRound(crew));
            done(roundName(i, crewPart(crew)));
          }
          progress(`${crew.workers} workers: ${JSON.stringify(createRate(crew, samples))}`);
        }
        await measureDelays("detection_ms", () => measureDetection(8));
        await measureDelays("take_over_ms", () => measureTakeOver(8));
        await measureDelays("emergency_stop_ms", () => measureStop(8, 100));
        await measureConnected(counts, progress, (weight) => {
          connected.push(rounded(weight));
          done(connectedPart(weight.workers));
        });

        async function measureDelays(what: keyof Delays, work: () => Promise<number[]>): Promise<void> {
          const found = quantiles(await work());
          delays[what] = found;
          done(delayParts[what]);
          progress(`${delayParts[what]} ${JSON.stringify(found)}`);
        }
      },
      result() {
        const figures: Figures = {
          benchmark: "swarm",
          node: process.version,
          rounds,
          tasks_per_s: crews.flatMap(({ crew, samples }) => (samples.length > 0 ? [createRate(crew, samples)] : [])),
          detection_ms: delays.detection_ms,
          take_over_ms: delays.take_over_ms,
          emergency_stop_ms: delays.emergency_stop_ms,
          connected,
        };
        return { json: figures, text: print(figures) };
      },
    };
  },
};

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** The delays that have been measured so far. */
interface Delays {
  detection_ms?: Quantiles | undefined;
  take_over_ms?: Quantiles | undefined;
  emergency_stop_ms?: Quantiles | undefined;
}

/** The object that `--json` prints. */
interface Figures extends Readonly<Delays> {
  readonly benchmark: string;
  readonly node: string;
  readonly rounds: number;
  readonly tasks_per_s: readonly Rate[];
  readonly connected: readonly Weight[];
}

const delayParts = {
  detection_ms: "detection",
  take_over_ms: "take-over",
  emergency_stop_ms: "emergency stop",
} as const;

function crewPart({ workers }: Crew): string {
  return `${workers} ${workers === 1 ? "worker" : "workers"}, `;
}

function connectedPart(workers: number): string {
  return `${workers} connected`;
}

async function measureRound({ workers, inHand, concurrency, tasks, few }: Crew): Promise<RateSample> {
  return {
    ours: await measureOurs(workers, inHand - 1, tasks),
    theirs: await measureBullMq(workers, concurrency, tasks),
    ourSingle: await measureOurs(workers, 0, few),
    theirSingle: await measureBullMq(workers, 1, few),
  };
}

function quantiles(delays: readonly number[]): Quantiles {
  const sorted = Float64Array.from(delays).sort();
  return { p50: round(quantile(sorted, 0.5), 0), p99: round(quantile(sorted, 0.99), 0) };
}

function rounded({ workers, heap_kb, rss_kb, cpu_us }: Weight): Weight {
  return { workers, heap_kb: round(heap_kb, 0), rss_kb: round(rss_kb, 0), cpu_us: round(cpu_us, 0) };
}

function print({ rounds, tasks_per_s, connected, ...figures }: Figures): string {
  const named = { detection: figures.detection_ms, "take-over": figures.take_over_ms, stop: figures.emergency_stop_ms };
  return [
    `${rounds} rounds; tasks a second beside BullMQ, and the ratio: each as fast as it can be set; one task at a time`,
    ...tasks_per_s.map(({ workers, one_at_a_time, ...first }) => {
      const pairs = [first, one_at_a_time].map((each) => `${each.interlock}/s : ${each.bullmq}/s = ${each.ratio}`);
      return `  ${String(workers).padStart(3)} workers  ${pairs.join("   ")}`;
    }),
    ...Object.entries(named).flatMap(([name, delays]) =>
      delays ? [`  ${name.padEnd(12)} p50 ${delays.p50} ms, p99 ${delays.p99} ms`] : [],
    ),
    ...connected.map(
      ({ workers, heap_kb, cpu_us }) => `  ${workers} connected: ${heap_kb} KB and ${cpu_us} µs a second for each`,
    ),
    "",
  ].join("\n");
}
