import assert from "node:assert/strict";
import { AdminService } from "@interlock/bot/protocol";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";
import type { AdminReader } from "./admin-reader.js";
import type { AuditRequest, AuditResult } from "./daily-audit.js";

const finding = { fingerprint: "f", rule: "open-health", subject: "s", severity: "low", message: "It is open." };

describe("what an audit reads in the authority's process", () => {
  let request: AuditRequest;
  let test: TestAuthority;

  before(async () => {
    let release: (result: AuditResult) => void = () => {};
    const asked = new Promise<AuditRequest>((resolve) => {
      const judge = (given: AuditRequest) => {
        resolve(given);
        return new Promise<AuditResult>((finish) => {
          release = finish;
        });
      };
      void startTestAuthority({ dailyAudit: { judge, firstAfterMs: 0 } }).then((started) => {
        test = started;
      });
    });
    request = await asked;
    while (!test) await new Promise(setImmediate);
    release({ findings: [finding], leftOut: 3, counts: { low: 4 }, notJudged: ["open-channelz"] });
  });
  after(() => test.close());

  it("is what an operator reads, and needs no identity", async () => {
    const operator = await test.bot("operator/alice");
    const admin = operator.client(AdminService, test.authority.address);
    await test.authority.applyGrants("grants: { arm/1: { a.B: [a:b] } }");
    const reads: (keyof AdminReader)[] = ["getGrants", "listBots", "listGrantVersions", "listJoinTokens", "listUsage"];
    for (const name of reads) assert.deepEqual(await request.admin[name]({}), await admin[name]({}), name);
    const log = await request.admin.listLog({ latest: true, limit: 1, kinds: ["grants"] });
    assert.deepEqual([log.records.length, log.records[0]?.kind], [1, "grants"]);
    for (const read of Object.values(request.admin)) await read({});
    await assert.rejects(request.admin.listBots({ pageToken: "none" }), { code: "INVALID_ARGUMENT" });
  });

  it("is read one page in a turn of the event loop", async () => {
    let turns = 0;
    let counting = true;
    const count = () => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(Array.from({ length: 20 }, () => request.admin.getGrants({})));
    counting = false;
    assert.ok(turns >= 19, `${turns} turns`);
  });

  it("leads to a result that viewers can list, and to metrics", async () => {
    const viewer = await test.bot("viewer/bob");
    const admin = viewer.client(AdminService, test.authority.address);
    let { runs } = await admin.listAuditRuns({});
    while (runs.length === 0) ({ runs } = await admin.listAuditRuns({}));
    const kept = { findings: [finding], leftOut: 3, counts: { low: 4 }, notJudged: ["open-channelz"] };
    const day = new Date(request.now).toISOString().slice(0, 10);
    assert.deepEqual(runs, [{ day, at: new Date(request.now), ...kept }]);
    assert.deepEqual((await admin.listAuditRuns({ since: new Date(request.now) })).runs.length, 1);
    await assert.rejects(admin.listAuditRuns({ pageToken: "none" }), { code: "INVALID_ARGUMENT" });
    const arm = await test.bot("arm/1");
    await assert.rejects(arm.client(AdminService, test.authority.address).listAuditRuns({}), {
      code: "PERMISSION_DENIED",
    });
  });
});
