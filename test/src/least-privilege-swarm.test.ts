// The demo runs, tighter grants are proposed from what it used, and it runs again under these. With one grant less it fails.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const root = resolve(import.meta.dirname, "../..");
const demo = join(root, "examples/swarm/dist/demo.js");
const bin = join(root, "packages/cli/bin/interlock.js");
const execute = promisify(execFile);

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

interface Played {
  readonly act: string;
  readonly ok: boolean;
  readonly seen: string;
}

describe("interlock least-privilege, on the demo's run", function () {
  this.timeout(900_000); // Two runs of a minute each, on an idle machine.
  let dir: string;
  let project: string;
  let up: ChildProcess | undefined;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-tighter-"));
    project = join(dir, "project");
    await mkdir(project);
  });
  after(async () => {
    if (up) {
      up.kill("SIGTERM");
      await once(up, "exit");
    }
    await rm(dir, { recursive: true });
  });

  async function play(...args: readonly string[]): Promise<Json> {
    const told = await execute(process.execPath, [demo, "--json", "--workers", "4", ...args]).catch((error) => error);
    return { ...JSON.parse(told.stdout), stderr: told.stderr };
  }
  const failed = ({ acts }: Json) =>
    acts.filter(({ ok }: Played) => !ok).map(({ act, seen }: Played) => `${act}: ${seen}`);

  async function interlock(...args: readonly string[]): Promise<Json> {
    const env = { ...process.env, INTERLOCK_HOME: join(dir, "data") };
    const options = { cwd: project, env, maxBuffer: 2 ** 26 };
    const ended = await execute(process.execPath, [bin, ...args, "--json"], options).catch((error) => error);
    return JSON.parse(ended.stdout);
  }

  it("proposes grants under which the same run passes", async () => {
    const first = await play("--tasks", "60", "--data", join(dir, "data"));
    assert.deepEqual(failed(first), [], first.stderr);

    const env = { ...process.env, INTERLOCK_HOME: join(dir, "data"), INTERLOCK_LOG_LEVEL: "error" };
    const args = [bin, "up", "--port", "0", "--trust-domain", "swarm", "--json"];
    up = spawn(process.execPath, args, { cwd: project, env, stdio: ["ignore", "pipe", "inherit"] });
    await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    // The story retires an endpoint that it has called before, so the grants are those with which it began.
    const { versions } = await interlock("grants", "history");
    const oldest = Math.min(...versions.map(({ version }: Json) => Number(version)));
    await interlock("grants", "rollback", String(oldest), "--yes");
    const { yaml } = await interlock("grants", "show");
    await writeFile(join(project, "grants.yaml"), yaml);
    const { judged, replay } = await interlock("least-privilege", "--window", "all", "--write");
    assert.deepEqual([replay.refused, replay.unknown], [[], []]);
    assert.ok(replay.calls > 1_000);
    const verdicts = (verdict: string) =>
      judged
        .filter((each: Json) => each.verdict === verdict)
        .map(({ identity, scope }: Json) => `${identity} ${scope}`);
    assert.deepEqual(verdicts("unknown"), []);
    for (const unused of ["nightly/* swarm:read", "supervisor/* robot:read", "supervisor/* safety:watch"])
      assert.ok(verdicts("unused").includes(unused), unused);
    // Robots are alike, so theirs stays a pattern.
    assert.ok(verdicts("wildcard").includes("nightly/* swarm:submit"));
    for (const used of ["worker/* swarm:work", "worker/* coffee:brew", "worker/* arm:use"])
      assert.ok(verdicts("used").includes(used), used);

    const again = await play("--tasks", "60", "--grants", join(project, "grants.yaml"));
    assert.deepEqual(failed(again), [], again.stderr);
    assert.ok(again.ok);
  });

  it("fails with one grant less: on the record, and in a run", async () => {
    const tighter = await readFile(join(project, "grants.yaml"), "utf8");
    const less = tighter.replace("[swarm:submit]", "[swarm:none]");
    assert.notEqual(less, tighter);
    await writeFile(join(project, "less.yaml"), less);
    const { ok, replay } = await interlock("least-privilege", "--window", "all", "--dry-run", "--grants", "less.yaml");
    assert.equal(ok, false);
    assert.deepEqual(
      replay.refused.map(({ caller, missing }: Json) => [caller, missing[0].scope]),
      [["nightly/1", "swarm:submit"]],
    );
    const run = await play("--tasks", "1", "--act", "diagnostics", "--grants", join(project, "less.yaml"));
    assert.equal(run.ok, false);
    assert.match(failed(run).join(), /diagnostics: .*(swarm:submit|NO_GRANT)/);
    const control = await play("--tasks", "1", "--act", "diagnostics", "--grants", join(project, "grants.yaml"));
    assert.deepEqual([control.ok, failed(control)], [true, []]);
  });
});
