import type { AuditFinding } from "@interlock/bot/protocol";
import type { PageRequest } from "../../store/page.js";
import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { timeOf } from "./selection.js";

/** Creates the handler for the results of the daily audits. */
export function auditRunHandlers({ store }: Pick<AdminParts, "store">): AdminHandlers<"listAuditRuns"> {
  return {
    async listAuditRuns({ pageToken, since }) {
      const from = timeOf(since) ?? 0;
      const list = (page: PageRequest) => store.auditRuns.page(page, from);
      const { items: runs, nextPageToken } = await readPage(pageToken, list, {
        key: [""],
        most: 4, // One has up to 1 MiB.
        keyOf: ({ day }) => [day],
        toItem: ({ day, at, findings, leftOut, counts, notJudged }) => ({
          day,
          at: new Date(at),
          findings: JSON.parse(findings) as AuditFinding[],
          leftOut,
          counts: JSON.parse(counts) as Record<string, number>,
          notJudged: JSON.parse(notJudged) as string[],
        }),
      });
      return { runs, nextPageToken };
    },
  };
}
