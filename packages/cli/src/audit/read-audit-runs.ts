import { checkKeptRun, type KeptRun } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { allPages } from "../all-pages.js";
import type { Session } from "../operator.js";

/** Reads the results of the authority's daily audits since a time, and the last one before it, the oldest first. */
export async function readAuditRuns({ listAuditRuns }: Session["admin"], since: number): Promise<KeptRun[]> {
  const from = new Date(Math.max(since, 0));
  const runs = await allPages(
    (page) => listAuditRuns({ ...page, since: from }),
    (answer) => answer.runs,
  );
  return runs.map(({ day, at, findings, notJudged }) => {
    try {
      return checkKeptRun({ at: at?.getTime(), findings, notJudged });
    } catch (cause) {
      const problem = `The audit of ${day} cannot be read: ${(cause as Error).message}`;
      throw new InterlockError("INTERNAL", `${problem}; is the authority of a newer release?`, { cause });
    }
  });
}
