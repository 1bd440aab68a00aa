import { setTimeout as wait } from "node:timers/promises";
import type { Play, Result, Row, Variant } from "./row.js";

/** The time limit of one step of a row: only a hanging step reaches it. */
const stepMs = 45_000;

/**
 * Plays a row: the control, then each variant of the attack followed by the control, which is a barrier: after it nothing of
 * the attack is in flight. Never rejects: problems are in the result. With `bail` it ends at the first variant that fails.
 */
export async function playRow({ row, attack, needs, play }: Row, { bail = false } = {}): Promise<Result> {
  const began = performance.now();
  const told = { row, attack };
  const result = (rest: Omit<Result, "row" | "attack" | "ms">): Result => {
    return { ...told, ...rest, ms: Math.round(performance.now() - began) };
  };
  if (!play || needs) {
    return result({ control: "not run", answer: "", variants: 0, ok: false, skipped: `needs ${needs}` });
  }
  let stage: Play | undefined;
  try {
    stage = await within(play(), "setting the stage");
    await within(stage.control(), "the control");
  } catch (error) {
    await stage?.end();
    return result({ control: "failed", answer: "", variants: 0, ok: false, problems: [textOf(error)] });
  }
  const answers = new Map<string, number>();
  const problems: string[] = [];
  try {
    for (const variant of stage.variants) {
      const { seen, problem } = await playVariant(stage, variant);
      answers.set(seen, (answers.get(seen) ?? 0) + 1);
      if (problem) problems.push(`${variant.name}: ${problem}`);
      if (problem && bail) break;
    }
  } finally {
    await stage.end();
  }
  const variants = stage.variants.length;
  const ok = problems.length === 0 && variants > 0;
  return result({ control: "ok", answer: summary(answers), variants, ok, ...(ok ? {} : { problems }) });
}

async function playVariant(stage: Play, variant: Variant): Promise<{ seen: string; problem?: string }> {
  const { name, answer, reason, times = 1 } = variant;
  const before = { handled: await stage.handled(), denials: stage.denials().length };
  let seen: string;
  try {
    const got = await within(variant.attack(), name);
    seen = String(got);
    if (![answer].flat().includes(got)) return { seen, problem: `answered ${got}, and not ${answer}` };
    await within(stage.control(), `the control after "${name}"`);
  } catch (error) {
    return { seen: "failed", problem: textOf(error) };
  }
  const ran = (await stage.handled()) - before.handled - (stage.perControl ?? 1);
  if (ran !== 0) return { seen, problem: `a handler ran ${ran} times` };
  const note = variant.note ? ` (${variant.note()})` : "";
  if (reason === undefined) return { seen: `${seen}${note}` };
  const atLeast = times === "some" ? 1 : times;
  const recorded = await denialsSince(stage, before.denials, atLeast);
  const count = times === "some" ? recorded.length > 0 : recorded.length === times;
  if (!count || recorded.some((found) => found !== reason)) {
    return {
      seen,
      problem: `recorded is ${recorded.slice(0, 5).join(", ") || "nothing"}, and not ${times} × ${reason}`,
    };
  }
  return { seen: `${seen} ${reason}${note}` };
}

// A refusal in the handshake reaches the recorder after the socket has closed, so it may still be on its way.
async function denialsSince(stage: Play, start: number, count: number): Promise<readonly string[]> {
  const end = performance.now() + 2_000;
  while (stage.denials().length < start + count && performance.now() < end) await wait(5);
  return stage.denials().slice(start);
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const ending = new AbortController();
  const late = wait(stepMs, undefined, { signal: ending.signal }).then(() => {
    throw new Error(`${what} took longer than ${stepMs / 1_000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    ending.abort();
  }
}

function summary(answers: ReadonlyMap<string, number>): string {
  return [...answers].map(([answer, count]) => (count > 1 ? `${answer} ×${count}` : answer)).join(", ");
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
