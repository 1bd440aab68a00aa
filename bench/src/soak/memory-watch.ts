import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { median } from "../statistics.js";

/** The memory of the process at one moment, in bytes. */
export interface MemorySample {
  /** Milliseconds since the beginning. */
  readonly at: number;
  /** On the heap and outside of it, after a full collection. */
  readonly live: number;
  /** Resident memory. */
  readonly resident: number;
}

/** The growth of the memory after the warm-up. */
export interface MemoryVerdict {
  readonly samples: number;
  /** Megabytes, the median of the samples. */
  readonly liveMb: number;
  readonly residentMb: number;
  /** The growth from the end of the warm-up to the end, along the line through the samples, in percent. */
  readonly liveGrowthPercent: number;
  readonly residentGrowthPercent: number;
  readonly flat: boolean;
}

/** Live memory that grows by more than this is not flat: in percent, from the end of the warm-up to the end. */
const liveMostPercent = 8;
/** The same for resident memory, which the operating system takes back at any time. */
const residentMostPercent = 15;

/** The number of samples after the warm-up that a judgment needs. */
const fewestSamples = 5;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Collects all garbage, then measures. */
export function sampleMemory(at: number): MemorySample {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { at, live: heapUsed + external, resident: rss };
}

/**
 * Judges the growth of the memory: the slope through all samples after the warm-up, times their duration. The slope is the
 * median of the slopes between any two samples (Theil and Sen), which a few outliers do not change. Memory is flat if live
 * memory grows by less than 8 percent, and resident memory by less than 15 percent.
 *
 * @throws Error when there are too few samples after the warm-up.
 */
export function judgeMemory(samples: readonly MemorySample[], warmUpMs: number): MemoryVerdict {
  const counted = countedSamples(samples, warmUpMs);
  const first = counted[0];
  const last = counted.at(-1);
  if (!first || !last || counted.length < fewestSamples)
    throw new Error("There are too few samples after the warm-up.");
  const grownPercent = (of: "live" | "resident") => {
    const slopes = counted.flatMap((a, i) => counted.slice(i + 1).map((b) => (b[of] - a[of]) / (b.at - a.at)));
    return (100 * median(slopes) * (last.at - first.at)) / median(counted.map((each) => each[of]));
  };
  const live = grownPercent("live");
  const resident = grownPercent("resident");
  const megabytes = (of: "live" | "resident") => Math.round(median(counted.map((each) => each[of])) / 1_048_576);
  return {
    samples: counted.length,
    liveMb: megabytes("live"),
    residentMb: megabytes("resident"),
    liveGrowthPercent: Number(live.toFixed(1)),
    residentGrowthPercent: Number(resident.toFixed(1)),
    flat: live < liveMostPercent && resident < residentMostPercent,
  };
}

/** Whether there are enough samples for {@link judgeMemory}. */
export function canJudgeMemory(samples: readonly MemorySample[], warmUpMs: number): boolean {
  return countedSamples(samples, warmUpMs).length >= fewestSamples;
}

function countedSamples(samples: readonly MemorySample[], warmUpMs: number): MemorySample[] {
  return samples.filter(({ at }) => at >= warmUpMs);
}
