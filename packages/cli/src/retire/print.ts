import { type RetirementPlan, type RetirementRecord, type StepResult, subjectText } from "@interlock/audit";
import type { InterlockError } from "@interlock/bot";
import { type Output, paint } from "../output.js";
import { callersText } from "./refuse-live.js";
import type { DueResult } from "./retire-due.js";

/** Prints a plan. */
export function printPlan(output: Output, { subject, callers, doubts, steps }: RetirementPlan): void {
  output.line(paint("bold", `Plan: retire ${subjectText(subject)}`));
  if (callers.length > 0) output.line(`${paint("yellow", "Callers:")}\n${callersText(callers)}`);
  for (const doubt of doubts) output.line(`${paint("yellow", "not known")}  ${doubt}`);
  for (const [i, { id, does, by, details, proof }] of steps.entries()) {
    output.line(`${String(i + 1).padStart(2)}  ${id}${by === "interlock" ? "" : ` (${by})`}: ${does}`);
    for (const detail of details) output.line(paint("dim", `      ${detail}`));
    output.line(paint("dim", `      shown by: ${proof}`));
  }
}

/** Prints what a dry run ends with: whether the retirement would be refused, and how to go on. */
export function printDryRun(output: Output, refusal: InterlockError | undefined): void {
  const [first = "", ...more] = refusal?.message.split("\n") ?? [];
  const remedy = more.length === 0 ? first : `${first.replace(/:$/, ".")} ${more.at(-1)}`;
  if (refusal) output.line(`${paint("red", "It would be refused")}: ${remedy}`);
  output.line("Nothing was changed.");
}

const colors = { done: "green", already: "green", "ticked off": "cyan", "not checked": "dim", open: "red" } as const;

/** Prints what became of a step. */
export function printStep(output: Output, { id, state, result }: StepResult): void {
  output.line(`${paint(colors[state], state.padEnd(11))}  ${id.padEnd(11)}  ${result}`);
}

/** Prints the end of a retirement. */
export function printEnd(output: Output, record: RetirementRecord): void {
  const { subject, complete, steps, startedAt, endedAt } = record;
  const seconds = ((endedAt - startedAt) / 1_000).toFixed(1);
  if (complete) {
    output.line(`${paint("green", "retired")} ${subjectText(subject)} in ${seconds} s`);
    output.line(paint("dim", wayBack(record)));
    return;
  }
  const open = steps.filter(({ state }) => state === "open").length;
  const what = open === 1 ? "1 step is open: do it" : `${open} steps are open: do them`;
  output.line(`${paint("red", "not done")} ${what}, and run this again.`);
}

/** Says which commands undo a retirement. */
function wayBack({ subject: { kind, name }, before, after }: RetirementRecord): string {
  const undo =
    kind === "bot" ? `interlock unrevoke ${name}, interlock invite ${name}` : `interlock retire undo ${name}`;
  const grants =
    before.grantsVersion === after.grantsVersion ? "" : `, interlock grants rollback ${before.grantsVersion}`;
  return `To go back: ${undo}${grants}`;
}

const dueColors = { planned: "yellow", retired: "green", gone: "green", open: "red", unknown: "yellow" } as const;

/** Prints what has become of all that is past its sunset. */
export function printDue(output: Output, { subjects, kept, unknown, state }: DueResult): void {
  for (const one of subjects) {
    output.line(`${paint(dueColors[one.state], one.state.padEnd(8))} ${one.subject}`);
    for (const text of one.open) output.line(`  ${text}`);
    if (one.record !== undefined) output.line(paint("dim", `  record: ${one.record}`));
  }
  for (const text of kept) output.line(`${paint("dim", "kept    ")} ${text}`);
  for (const text of unknown) output.line(`${paint("yellow", "unknown ")} ${text}`);
  if (state === "done")
    output.line(subjects.length === 0 ? "Nothing is past its sunset." : "Nothing past its sunset is left.");
}
