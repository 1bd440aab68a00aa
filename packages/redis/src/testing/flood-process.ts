// A process that asks a shared limit for more than there is, as a bot that runs wild would have it do.
import { setImmediate as nextTurn } from "node:timers/promises";
import { type RateLimiter, silentLog } from "@interlock/bot";
import { answerParent } from "@interlock/testing-processes";
import { redisLimits } from "../redis-limits.js";

/** What the process is asked: to connect, to begin, to stop. */
export type FloodAsk =
  | { readonly step: "open"; readonly url: string; readonly perSecond: number; readonly burst: number }
  | { readonly step: "flood" | "stop" };

/** What it answers when it has stopped. */
export interface FloodAnswer {
  readonly allowed: number;
  readonly refused: number;
  /** How many of its calls were decided without waiting. */
  readonly atOnce: number;
  /** Whether Redis was away at any time. */
  readonly wasAlone: boolean;
}

const counts = { allowed: 0, refused: 0, atOnce: 0, wasAlone: false };
let stopping = false;
let flooding: Promise<void> | undefined;
let limiter: RateLimiter;

answerParent<FloodAsk>(async (ask) => {
  if (ask.step === "open") await open(ask);
  if (ask.step === "flood") {
    await once();
    flooding = flood();
  }
  if (ask.step === "stop") {
    stopping = true;
    await flooding;
  }
  return counts;
});

async function open({ url, perSecond, burst }: Extract<FloodAsk, { step: "open" }>): Promise<void> {
  const limits = await redisLimits({ url, prefix: "test", timeoutMs: 10_000, log: silentLog });
  limits.state.onChange(() => {
    counts.wasAlone = true;
  });
  counts.wasAlone = limits.state.current() === "alone";
  limiter = limits.createLimiter({ perSecond, burst }, "caller");
}

/** Asks once; gives whether nothing was left here of what Redis had given before. */
async function once(): Promise<boolean> {
  const answer = limiter.take("bot/1", Date.now());
  const wait = await answer;
  if (answer === wait) counts.atOnce++;
  if (wait === 0) counts.allowed++;
  else counts.refused++;
  return wait > 0 || answer !== wait;
}

async function flood(): Promise<void> {
  for (let i = 0; ; i++) {
    const isUsedUp = await once();
    if (stopping && isUsedUp) return;
    if (i % 20 === 0) await nextTurn();
  }
}
