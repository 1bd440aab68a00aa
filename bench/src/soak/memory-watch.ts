import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { median } from "../statistics.js";

/** What the process held at one moment, in bytes. */
export interface MemorySample {
  /** Milliseconds since the beginning. */
  readonly at: number;
  /** On the heap and beside it, after everything that can be collected has been. */
  readonly live: number;
  /** Of the machine. */
  readonly resident: number;
}

/** How the memory went, after the warm-up. */
export interface MemoryVerdict {
  readonly samples: number;
  /** Megabytes, by the median. */
  readonly liveMb: number;
  readonly residentMb: number;
  /** What it would have grown by from the end of the warm-up to the end, along the line through the samples, in per cent. */
  readonly liveGrowthPercent: number;
  readonly residentGrowthPercent: number;
  readonly flat: boolean;
}

/** More than this is no noise: in per cent, from the end of the warm-up to the end. */
const liveMostPercent = 8;
/** The machine gives pages, and takes them back when it likes. */
const residentMostPercent = 15;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Collects all garbage, and measures. */
export function sampleMemory(at: number): MemorySample {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { at, live: heapUsed + external, resident: rss };
}

/**
 * Judges by the slope through all samples after the warm-up (the median of the slopes between any two, by Theil and Sen,
 * which a few that lie far off do not move), times how long that was: flat is what would have grown by less than 8 per
 * cent of live memory and 15 per cent of resident memory.
 */
export function judgeMemory(samples: readonly MemorySample[], warmUpMs: number): MemoryVerdict {
  const counted = samples.filter(({ at }) => at >= warmUpMs);
  const [first, last] = [counted[0], counted.at(-1)];
  if (!first || !last || counted.length < 5) throw new Error("There are too few samples after the warm-up.");
  const grownPercent = (of: "live" | "resident") => {
    const slopes = counted.flatMap((a, i) => counted.slice(i + 1).map((b) => (b[of] - a[of]) / (b.at - a.at)));
    return (100 * median(slopes) * (last.at - first.at)) / median(counted.map((each) => each[of]));
  };
  const [live, resident] = [grownPercent("live"), grownPercent("resident")];
  const megabytes = (of: "live" | "resident") => Math.round(median(counted.map((each) => each[of])) / 1_048_576);
  return {
    ...{ samples: counted.length, liveMb: megabytes("live"), residentMb: megabytes("resident") },
    ...{ liveGrowthPercent: Number(live.toFixed(1)), residentGrowthPercent: Number(resident.toFixed(1)) },
    flat: live < liveMostPercent && resident < residentMostPercent,
  };
}
