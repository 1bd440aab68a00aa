import {
  type AuditInputs,
  expandOutside,
  planRetirement,
  type Rescan,
  type RetirementPlan,
  type RetirementRecord,
  type RetireSubject,
  type StepResult,
} from "@interlock/audit";
import type { Session } from "../operator.js";
import { carryOut } from "./carry-out.js";
import { type KeptRecord, keepRecord } from "./keep-record.js";
import { lastRetirement } from "./last-retirement.js";
import { refuseLive } from "./refuse-live.js";
import { refuseOwn } from "./refuse-own.js";
import type { RetireOptions } from "./retire-options.js";

/** A retirement that was carried out. */
export interface Retired {
  readonly record: RetirementRecord;
  /** Absent where nothing was changed and nothing is open, in a run that was told to keep no record of that. */
  readonly kept?: KeptRecord;
}

/** Plans a retirement; that of a bot without any address on record with those of an earlier run of it. */
export async function planOne(
  session: Session,
  inputs: AuditInputs,
  subject: RetireSubject,
  options: RetireOptions,
): Promise<RetirementPlan> {
  const { windowMs, addresses } = options;
  const outside = expandOutside(options.outside, subject);
  const plan = planRetirement(inputs, subject, { windowMs, outside, addresses });
  if (subject.kind !== "bot" || plan.targets.length > 0) return plan;
  const earlier = await lastRetirement(session, subject);
  return earlier ? planRetirement(inputs, subject, { windowMs, outside, addresses: earlier.addresses }) : plan;
}

/** Carries out a plan: refuses while there are live callers, does every step, signs and keeps the record. */
export async function retireOne(
  session: Session,
  plan: RetirementPlan,
  options: RetireOptions,
  { rescan, onStep, keepUnchanged = true }: RetireParts,
): Promise<Retired> {
  refuseOwn(plan.subject, session.bot.spiffeId.name);
  refuseLive(plan, options);
  const outside = expandOutside(options.outside, plan.subject);
  const record = await carryOut(plan, { session, options: { ...options, outside }, rescan, ...(onStep && { onStep }) });
  const isUnchanged = record.complete && record.steps.every(isUnchangedStep);
  // What an earlier run had to leave open, and is proven now, is news.
  if (isUnchanged && !keepUnchanged && !(await lastRetirement(session, plan.subject))?.open.length) return { record };
  return { record, kept: await keepRecord(session, record, options.recordFile) };
}

/** What {@link retireOne} works with. */
export interface RetireParts {
  readonly rescan: Rescan;
  onStep?(step: StepResult): void;
  /** Whether a record is kept of a run in which there was nothing to do. Default: true. */
  readonly keepUnchanged?: boolean;
}

/** Whether a step has changed nothing: those that look are done every time. */
function isUnchangedStep({ id, state }: StepResult): boolean {
  return state !== "done" || id === "rescan" || id === "directory";
}
