import type { Rescan, RescanResult, RetirementPlan, RetirementRecord, StepResult } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import type { Session } from "../operator.js";
import { readMark } from "./fleet-mark.js";
import { inTime } from "./in-time.js";
import type { RetireOptions } from "./retire-options.js";
import { type StepContext, type StepOutcome, steps } from "./steps.js";

/** What carrying out a plan works with. */
export interface CarryOutParts {
  readonly session: Session;
  readonly options: RetireOptions;
  readonly rescan: Rescan;
  /** Called after each step. */
  onStep?(step: StepResult): void;
}

/**
 * Carries out a plan, step by step, and returns the record of it. A step that fails is open, and the next ones are tried all
 * the same: what ends access comes first, and is not given up because something after it fails.
 */
export async function carryOut(plan: RetirementPlan, parts: CarryOutParts): Promise<RetirementRecord> {
  const { session, options, rescan, onStep } = parts;
  const startedAt = Date.now();
  // What has to go must not gain time by addresses that do not answer.
  const before = inTime(rescan(plan.targets), beforeMs, () => unknown(plan.targets));
  const [mark, scan] = await Promise.all([readMark(session), before]);
  const context: StepContext = { ...session, plan, options, rescan, startedAt, scan };
  const results: StepResult[] = [];
  for (const step of plan.steps) {
    const outcome = options.tickedOff.has(step.id) ? tickedOff(session) : await attempt(() => steps[step.id](context));
    const result = { ...step, ...outcome, at: Date.now() };
    results.push(result);
    onStep?.(result);
  }
  const { callers, doubts, subject } = plan;
  return {
    version: 1,
    trustDomain: session.bot.spiffeId.trustDomain,
    subject,
    operator: session.bot.spiffeId.uri,
    startedAt,
    endedAt: Date.now(),
    complete: results.every(({ state }) => state !== "open"),
    forced: [
      ...(options.despiteCallers ? (["despite-callers"] as const) : []),
      ...(options.force ? (["force"] as const) : []),
    ],
    callers: callers.slice(0, maximumCallers),
    doubts: doubts.slice(0, maximumCallers),
    steps: results.map((step) => ({ ...step, details: bounded(step.details) })),
    before: { ...mark, scan },
    after: { ...(await readMark(session)), scan: context.scan },
  };
}

/** The maximum number of callers in a record, and of details of a step: a signed record has at most 1 MiB. */
const [maximumCallers, maximumDetails] = [100, 200];

function bounded(details: readonly string[]): readonly string[] {
  const left = details.length - maximumDetails;
  return left > 0 ? [...details.slice(0, maximumDetails), `and ${left} more`] : details;
}

/** How long the scan before the first step may take, in milliseconds. */
const beforeMs = 3_000;

/** The results of a scan that took too long: nothing is known. */
function unknown(targets: RetirementPlan["targets"]): readonly RescanResult[] {
  const detail = "It did not answer before the first step.";
  return targets.map(({ address }) => ({ address, state: "not known", detail }));
}

async function attempt(work: () => Promise<StepOutcome>): Promise<StepOutcome> {
  try {
    return await work();
  } catch (thrown) {
    return { state: "open", result: InterlockError.from(thrown).message };
  }
}

function tickedOff({ bot }: Session): StepOutcome {
  return { state: "ticked off", result: `${bot.spiffeId.name} says that it is done.` };
}
