import type { LiveCaller, RetirementPlan } from "@interlock/audit";
import { subjectText, timeText } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";

/** The maximum number of callers in an error. */
const maximumListed = 10;

/** What an operator says against the caution of the command. */
interface Caution {
  readonly despiteCallers: boolean;
  readonly force: boolean;
}

/** Refuses a retirement that would take something away from a live caller, or that of a subject that nobody knows. */
export function refuseLive(plan: RetirementPlan, caution: Caution): void {
  const refusal = findRefusal(plan, caution);
  if (refusal) throw refusal;
}

/** Finds why a retirement is refused. */
export function findRefusal(
  { subject, callers, doubts, known }: RetirementPlan,
  { despiteCallers, force }: Caution,
): InterlockError | undefined {
  if (!known && !force) {
    return new InterlockError(
      "NOT_FOUND",
      `Nobody knows a ${subjectText(subject)}: check the name. To retire it all the same, for example before it ever comes, repeat it with --force.`,
    );
  }
  if (despiteCallers || force) return undefined;
  if (callers.length > 0) {
    return new InterlockError(
      "FAILED_PRECONDITION",
      `${subjectText(subject)} still has callers:\n${callersText(callers)}\nMove them first, or repeat it with --despite-callers.`,
      { metadata: { callers: [...new Set(callers.map(({ caller }) => caller))].slice(0, maximumListed).join(" ") } },
    );
  }
  if (doubts.length > 0) {
    return new InterlockError(
      "FAILED_PRECONDITION",
      `Whether ${subjectText(subject)} still has callers is not known:\n${doubts.slice(0, maximumListed).join("\n")}\nFind out, or repeat it with --despite-callers.`,
    );
  }
  return undefined;
}

/** The callers, one a line. */
export function callersText(callers: readonly LiveCaller[]): string {
  const lines = callers.slice(0, maximumListed).map(({ caller, method, server, lastAt, mayBeOpen, actors }) => {
    const by = actors.length === 0 ? caller : `${caller} (through ${actors.join(", ")})`;
    const when = timeText(lastAt);
    return `  ${by} called ${method} of ${server} ${mayBeOpen ? `at ${when}, and the stream may be open` : `at ${when}`}`;
  });
  const more = callers.length - lines.length;
  return more > 0 ? `${lines.join("\n")}\n  and ${more} more` : lines.join("\n");
}
