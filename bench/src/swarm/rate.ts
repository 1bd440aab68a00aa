import { median, round } from "../statistics.js";
import type { Crew } from "./crews.js";

/** Tasks a second of one crew in one round. */
export interface RateSample {
  /** Both as fast as they can be set. */
  readonly ours: number;
  readonly theirs: number;
  /** Both with one task at a time, and nothing in advance. */
  readonly ourSingle: number;
  readonly theirSingle: number;
}

interface Pair {
  /** Tasks a second: medians over the rounds. */
  readonly interlock: number;
  readonly bullmq: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
}

/** Both as fast as they can be set; BullMQ with one job at a time if that is faster. */
export interface Rate extends Pair {
  readonly workers: number;
  readonly tasks: number;
  readonly in_hand: number;
  readonly concurrency: number;
  /** Both with one task at a time, and nothing in advance. */
  readonly one_at_a_time: Pair & { readonly tasks: number };
}

/** The rate of a crew over all rounds so far; there must be at least one. */
export function createRate({ workers, tasks, few, inHand, concurrency }: Crew, samples: readonly RateSample[]): Rate {
  const all = (figure: keyof RateSample) => samples.map((sample) => sample[figure]);
  const best = median(all("theirs")) > median(all("theirSingle")) ? all("theirs") : all("theirSingle");
  return {
    workers,
    tasks,
    in_hand: inHand,
    concurrency,
    ...pair(all("ours"), best),
    one_at_a_time: { tasks: few, ...pair(all("ourSingle"), all("theirSingle")) },
  };
}

function pair(ours: readonly number[], theirs: readonly number[]): Pair {
  const ratios = ours.map((each, i) => each / (theirs[i] as number));
  return { interlock: round(median(ours), 0), bullmq: round(median(theirs), 0), ratio: round(median(ratios), 2) };
}
