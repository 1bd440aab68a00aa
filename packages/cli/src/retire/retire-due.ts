import { type AuditInputs, findDue, subjectText } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import type { Session } from "../operator.js";
import { readInputs } from "./read-inputs.js";
import { createRescan } from "./rescan.js";
import { planOne, type Retired, retireOne } from "./retire-one.js";
import type { RetireOptions } from "./retire-options.js";

/** What has become of all that is past its sunset. */
export interface DueResult {
  /** `done`: nothing is left. `open`: something is. `unknown`: something could not be judged, and nothing else is open. */
  readonly state: "done" | "open" | "unknown";
  /** What was due, and what became of it, in their order. */
  readonly subjects: readonly DueSubject[];
  /** What stays that one could expect to go, each in a sentence. */
  readonly kept: readonly string[];
  /** What could not be judged, each in a sentence. */
  readonly unknown: readonly string[];
}

/** One subject that was due. */
export interface DueSubject {
  /** For example `method cafe.gripper.v1.GripperService/Grip`. */
  readonly subject: string;
  /** `planned` in a dry run; `gone` when there was nothing to do any more. */
  readonly state: "planned" | "retired" | "gone" | "open" | "unknown";
  /** What is open, or why it was not done, each in a sentence. */
  readonly open: readonly string[];
  /** The file of the signed record. */
  readonly record?: string;
}

/**
 * Retires everything that is past its sunset: methods, services all of whose methods are, and bots that serve only such. It
 * asks nobody, so it can run in CI or on the authority's schedule. It rejects when the fleet cannot be read.
 */
export async function retireDue(session: Session, options: RetireOptions, { dryRun = false } = {}): Promise<DueResult> {
  const read = await readInputs(session, options.grantsFile);
  const { subjects, kept, unknown } = findDue(read, options.windowMs);
  // Each is planned as if the others were gone, so that a scope which two of them share goes with them.
  const going = subjects.flatMap(({ kind, name }) => (kind === "bot" ? [] : [kind === "service" ? `${name}/*` : name]));
  const inputs = withRetired(read, going);
  const results: DueSubject[] = [];
  for (const subject of subjects) {
    const plan = await planOne(session, inputs, subject, options);
    if (dryRun) {
      results.push({ subject: subjectText(subject), state: "planned", open: plan.steps.map(({ does }) => does) });
      continue;
    }
    results.push(
      await attempt(subjectText(subject), plan.doubts.length > 0 && plan.callers.length === 0, () =>
        retireOne(session, plan, options, { rescan: createRescan(session), keepUnchanged: false }),
      ),
    );
  }
  const isOpen = results.some(({ state }) => state === "open" || state === "planned");
  const isUnknown = unknown.length > 0 || results.some(({ state }) => state === "unknown");
  return { state: isOpen ? "open" : isUnknown ? "unknown" : "done", subjects: results, kept, unknown };
}

async function attempt(subject: string, isDoubtful: boolean, work: () => Promise<Retired>): Promise<DueSubject> {
  try {
    const { record, kept } = await work();
    const open = record.steps.filter(({ state }) => state === "open").map(({ id, result }) => `${id}: ${result}`);
    const state = open.length > 0 ? "open" : kept ? "retired" : "gone";
    return { subject, state, open, ...(kept && { record: kept.file }) };
  } catch (thrown) {
    const { code, message } = InterlockError.from(thrown);
    if (code === "FAILED_PRECONDITION") return { subject, state: isDoubtful ? "unknown" : "open", open: [message] };
    throw thrown;
  }
}

function withRetired(inputs: AuditInputs, methods: readonly string[]): AuditInputs {
  const { fleet } = inputs;
  return fleet
    ? { ...inputs, fleet: { ...fleet, retiredMethods: [...(fleet.retiredMethods ?? []), ...methods] } }
    : inputs;
}
