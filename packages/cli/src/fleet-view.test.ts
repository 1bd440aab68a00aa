import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { commandFile, runCommand } from "./testing/run-command.js";

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

describe("interlock, looking at a fleet", () => {
  const operator = `operator/${userInfo().username}`;
  const running: ChildProcess[] = [];
  let dir: string;
  let up: Json;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-view-"));
    up = await start("up", "--port", "0", "--trust-domain", "cafe", "--metrics-port", "0");
  });
  after(async () => {
    for (const child of running.reverse()) {
      if (child.exitCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    await rm(dir, { recursive: true });
  });

  /** Starts a command that goes on; gives what it prints first. */
  async function start(...args: readonly string[]): Promise<Json> {
    const env = { ...process.env, INTERLOCK_LOG_LEVEL: "error" };
    const child = spawn(process.execPath, [commandFile, ...args, "--json"], {
      cwd: dir,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.push(child);
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    return JSON.parse(line);
  }

  const run = (...args: readonly string[]) => runIn(dir, ...args);

  function runIn(cwd: string, ...args: readonly string[]) {
    return runCommand({ cwd }, args);
  }

  it("serves the metrics of the authority", async () => {
    assert.match(up.metrics, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const text = await (await fetch(up.metrics)).text();
    for (const line of [
      /^interlock_authority_enrollments_total\{interlock_bot="interlock\/authority",interlock_enrollment="join"\} [1-9]/m,
      /^interlock_authority_bots_connected\{interlock_bot="interlock\/authority"\} 1$/m,
      /^interlock_authority_audit_log_records\{interlock_bot="interlock\/authority"\} \d+$/m,
      /^interlock_authority_store_duration_seconds_count\{.*interlock_outcome="committed"\} [1-9]/m,
      /^interlock_authority_store_duration_seconds_count\{.*interlock_outcome="failed"\} 0$/m,
      /^interlock_authority_ca_remaining_seconds\{.*interlock_ca="root"\} 31\d{7}/m,
      /^interlock_authority_ca_remaining_seconds\{.*interlock_ca="intermediate"\} 7\d{6}/m,
      /^interlock_server_active_calls\{interlock_bot="interlock\/authority"\} \d+$/m,
    ]) {
      assert.match(text, line);
    }
  });

  it("takes no half of the options for metrics, and no host that others reach by mistake", async () => {
    const elsewhere = await mkdtemp(join(dir, "elsewhere-"));
    for (const [args, message] of [
      [["--metrics-host", "127.0.0.1"], /need --metrics-port/],
      [["--metrics-allow-remote"], /need --metrics-port/],
      [
        ["--metrics-port", "0", "--metrics-host", "0.0.0.0"],
        /other machines can reach 0\.0\.0\.0.*--metrics-allow-remote/,
      ],
    ] as const) {
      const { code, stderr } = await runIn(elsewhere, "up", "--port", "0", ...args);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  });

  it("shows bots and what expires when, for people and for programs", async () => {
    const listed = await run("bots", "list");
    assert.match(listed.stdout, /^BOT +STATE +SEEN +CERTIFICATE +VERSION +SERVES\n/);
    assert.match(listed.stdout, new RegExp(`^${operator} +member +(online|never) +(59|60) min left +`, "m"));
    const { bots } = JSON.parse((await run("bots", "list", "--json")).stdout) as Json;
    const [bot] = (bots as Json[]).filter(({ spiffeId }) => spiffeId === `spiffe://cafe/${operator}`);
    assert.equal(bot?.state, "member");
    assert.deepEqual([typeof bot?.online, Array.isArray(bot?.instances)], ["boolean", true]);
    assert.ok(Date.parse(bot?.certificateExpiresAt) - Date.parse(bot?.certificateIssuedAt) > 3_500_000);
    const { stdout } = await run("status");
    assert.match(stdout, /bots online +\d/);
    assert.match(stdout, new RegExp(`next certificate to expire +${operator}, 20\\S+ \\(in (59|60) min\\)`));
    assert.match(stdout, /not renewed +none/);
  });

  it("opens the dashboard with a link that works once", async () => {
    const { link, as, authority } = await start("dashboard");
    assert.deepEqual([as, authority], [operator, up.authority]);
    const entered = await fetch(link, { redirect: "manual" });
    assert.equal(entered.status, 303);
    const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
    const page = await fetch(new URL("/", link), { headers: { cookie } });
    assert.match(await page.text(), /<title>Interlock fleet<\/title>/);
    assert.equal((await fetch(link, { redirect: "manual" })).status, 401);
    assert.equal((await fetch(new URL("/", link))).status, 401);
  });
});
