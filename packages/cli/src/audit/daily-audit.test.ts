import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type AuditRequest, startAuthority } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { commandFile, runCommand } from "../testing/run-command.js";
import { createDailyAudit } from "./daily-audit.js";
import { readAuthority } from "./read-inputs.js";

const day = 24 * 3_600_000;

describe("the daily audit of interlock up", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-daily-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const dataDir = () => join(folder, ".interlock", "authority");
  const start = (dailyAudit?: { firstAfterMs: number; judge(request: AuditRequest): Promise<never> }) =>
    startAuthority({
      dataDir: dataDir(),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
      ...(dailyAudit && { dailyAudit }),
    });

  it("finds a fault, measures it, and audit --since says so, also once it is mended", async () => {
    const authority = await start();
    await authority.createJoinToken("arm/1", 7 * day);
    await authority.close();
    const env = { ...process.env, INTERLOCK_LOG_LEVEL: "info" };
    const args = ["up", "--port", "0", "--trust-domain", "cafe", "--first-audit", "0", "--metrics-port", "0", "--json"];
    const up = spawn(process.execPath, [commandFile, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const exited = once(up, "exit");
    const run = async (...given: readonly string[]) => {
      const { stdout, stderr } = await runCommand({ cwd: folder }, given);
      return stdout || stderr;
    };
    try {
      const audited = new Promise<string>((found) => {
        createInterface({ input: up.stderr }).on("line", (line) => {
          if (/fleet (not )?audited/.test(line)) found(line);
        });
      });
      const [line] = await once(createInterface({ input: up.stdout }), "line");
      assert.match(await audited, /"fleet audited".*"medium":1/);
      const metrics = await (await fetch(JSON.parse(line).metrics)).text();
      assert.match(metrics, /^interlock_findings\{.*interlock_severity="medium"\} 1$/m);
      assert.match(metrics, /^interlock_audit_age_seconds\{.*\} \d/m);
      const open = JSON.parse(await run("audit", "--since", "last-quarter", "--json"));
      assert.deepEqual([open.runs, open.open.map(({ rule }: { rule: string }) => rule)], [1, ["open-join-token"]]);
      const [, id] = open.open[0].subject.split(" ");
      await run("tokens", "delete", id);
      assert.match(await run("audit", "--since", "last-quarter"), /Mended: 1\n.*The join token .* is open wide/);
      assert.match(await run("audit", "--keep"), /--keep and --results need --offline/);
    } finally {
      up.kill("SIGTERM");
      await exited;
    }
  });

  it("retires what is past its sunset, once it is told to", async () => {
    const policy = { scopes: ["arm:use"], anyBot: false, purpose: "Move.", risk: "low", dataClasses: [], callers: [] };
    const deprecation = { since: "2024-01-01", sunset: "2024-06-01" };
    const [name, service] = ["Move", "plant.v1.ArmService"];
    const methods = [{ name, path: `/${service}/${name}`, kind: "unary", policy: { ...policy, deprecation } }];
    const manifest = { version: 1, services: [{ name: service, servedBy: [], methods }] };
    await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify(manifest));
    const args = ["up", "--port", "0", "--trust-domain", "plant", "--first-audit", "0", "--audit-project", folder];
    const env = { ...process.env, INTERLOCK_LOG_LEVEL: "info" };
    const up = spawn(process.execPath, [commandFile, ...args, "--retire-due", "--json"], { cwd: folder, env });
    const exited = once(up, "exit");
    try {
      const lines: string[] = [];
      await new Promise<void>((found) => {
        createInterface({ input: up.stderr }).on("line", (line) => {
          lines.push(line);
          if (/fleet (not )?audited/.test(line)) found();
        });
      });
      const retired = lines.filter((line) => /"message":"retired"/.test(line));
      assert.equal(retired.length, 1, lines.join("\n"));
      assert.match(retired[0] ?? "", /service plant\.v1\.ArmService.*retirements/);
      // The audit comes afterwards, and does not find it any more.
      assert.match(lines.at(-1) ?? "", /"fleet audited".*"high":0/);
    } finally {
      up.kill("SIGTERM");
      await exited;
    }
  });

  it("judges a project, too, with its suppressions, and says what it cannot read", async () => {
    const requests: AuditRequest[] = [];
    const authority = await start({
      firstAfterMs: 0,
      judge: (request) => {
        requests.push(request);
        return new Promise(() => {});
      },
    });
    try {
      await authority.createJoinToken("gripper/1", 7 * day);
      await authority.createJoinToken("arm/1", 7 * day);
      while (requests.length === 0) await new Promise(setImmediate);
      const request = requests[0] as AuditRequest;
      const judge = (project?: string, signal = request.signal) =>
        createDailyAudit({ project }).judge({ ...request, signal });
      const joinToken = await authority.createJoinToken("viewer/bob");
      const { address } = authority;
      const stateDir = join(folder, "bob");
      const viewer = await joinFleet({ authority: address, name: "viewer/bob", joinToken, stateDir, log: silentLog });
      const seen = await readAuthority({ admin: viewer.client(AdminService, address), bot: viewer }, new Date(0));
      await viewer.close(0);
      assert.deepEqual([seen.joinTokens, seen.fleet?.bots.length !== 0], [undefined, true], "of a viewer");
      const fleetOnly = await judge();
      assert.deepEqual([fleetOnly.counts.medium, fleetOnly.findings.length, fleetOnly.leftOut], [2, 2, 0]);
      assert.ok(fleetOnly.notJudged.includes("past-sunset"));
      const entry = '- rule: open-join-token\n    subject: "arm/*"\n    reason: A test.\n    expires: 2999-01-01\n';
      await writeFile(join(folder, "interlock.audit.yaml"), `suppressions:\n  ${entry}`);
      await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify({ version: 1, services: [] }));
      const withProject = await judge(folder);
      assert.deepEqual([withProject.counts.medium, withProject.notJudged.includes("past-sunset")], [1, false]);
      await writeFile(join(folder, "interlock.audit.yaml"), "suppressions: 7");
      await assert.rejects(judge(folder), /interlock\.audit\.yaml cannot be used/);
      const stop = new AbortController();
      const stopped = judge(undefined, stop.signal);
      stop.abort();
      await assert.rejects(stopped, { code: "ABORTED" });
    } finally {
      await authority.close();
    }
  });
});
