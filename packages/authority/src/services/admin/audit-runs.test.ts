import assert from "node:assert/strict";
import type { CallContext } from "@interlock/bot";
import { AdminService, type ListAuditRunsResponse } from "@interlock/bot/protocol";
import type { Init } from "@interlock/policy";
import { describeOnEach } from "../../testing/test-store.js";
import { auditRunHandlers } from "./audit-runs.js";

const finding = { fingerprint: "f", rule: "open-health", subject: "s", severity: "low", message: "It is open." };

describeOnEach("the list of daily audits", (create) => {
  it("has four runs on a page, or as many as fit into 1 MiB, one at least", async () => {
    const place = await create();
    const store = await place.open();
    const dayOf = (n: number) => `2026-01-${String(n).padStart(2, "0")}`;
    await store.transaction(async ({ auditRuns }) => {
      for (let n = 1; n <= 8; n++) {
        const message = n > 5 ? "x".repeat(600_000) : "";
        await auditRuns.claim(dayOf(n), n, 0);
        const findings = JSON.stringify([{ ...finding, message }]);
        await auditRuns.finish(dayOf(n), n, { at: n, findings, leftOut: n, counts: '{"low":1}', notJudged: '["a"]' });
      }
    });
    const { listAuditRuns } = auditRunHandlers({ store });
    const { request } = AdminService.methods.listAuditRuns;
    const pages: Init<ListAuditRunsResponse>["runs"][] = [];
    for (let pageToken = ""; pages.length === 0 || pageToken !== ""; ) {
      const answer = await listAuditRuns(request.fromPartial({ pageToken }), {} as CallContext);
      pages.push(answer.runs);
      pageToken = answer.nextPageToken ?? "";
    }
    assert.deepEqual(
      pages.map((page) => page?.map(({ day }) => Number(day?.slice(-2)))),
      [[1, 2, 3, 4], [5, 6], [7], [8]],
    );
    const [run] = pages[0] ?? [];
    const same = { day: dayOf(1), at: new Date(1), leftOut: 1, counts: { low: 1 }, notJudged: ["a"] };
    assert.deepEqual(run, { ...same, findings: [{ ...finding, message: "" }] });
    await store.close();
    await place.remove();
  });
});
