import type { SourcePlace } from "../inputs/project.js";
import type { Approval } from "../suppressions/suppression.js";

const line = /(?:\/\/|#|\*)\s*interlock:approve\s+loosen\s+([\w.]+(?:\/\w+)?)\s*(?:—|–|--?|:)\s*(\S.*)$/;

/** The maximum length of a line that is looked at, in characters. */
const maximumLine = 2_000;

/** The maximum number of approval lines in one file. */
const maximumApprovals = 1_000;

/**
 * Finds the approval lines in a file: comments of the form `interlock:approve loosen package.Service/Method — reason`. A line
 * without a reason approves nothing. At most 1,000, in lines of at most 2,000 characters.
 */
export function findApprovals(text: string, file: string): Approval[] {
  const found: Approval[] = [];
  for (const [i, content] of text.split("\n").entries()) {
    if (content.length > maximumLine || !content.includes("interlock:approve")) continue;
    const [, method, said] = line.exec(content.trimEnd()) ?? [];
    const reason = said?.replace(/\*\/$/, "").trimEnd();
    if (method === undefined || !reason || found.length === maximumApprovals) continue;
    const place: SourcePlace = { file, line: i + 1, column: content.indexOf("interlock:approve") + 1 };
    found.push({ method, reason, place });
  }
  return found;
}

/** The approvals that a change brings: an approval that the base revision has, too, was spent on an earlier change. */
export function newApprovals(head: readonly Approval[], base: readonly Approval[]): Approval[] {
  const spent = new Set(base.map(({ method, reason }) => `${method} ${reason}`));
  return head.filter(({ method, reason }) => !spent.has(`${method} ${reason}`));
}
