import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { AuthorityService, ConfirmRequest, ConfirmResponse } from "@interlock/bot/protocol";
import type { Scope, ServiceDefinition } from "@interlock/policy";
import { endProcess } from "./testing/end-process.js";
import { commandFile, runCommand } from "./testing/run-command.js";

const run = promisify(execFile);

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

const service = "cafe.v1.GripperService";
const method = (name: string, scope: Scope) => ({
  path: `/${service}/${name}`,
  kind: "unary" as const,
  request: ConfirmRequest,
  response: ConfirmResponse,
  policy: { scopes: [scope], anyBot: false, purpose: "Test.", risk: "low", dataClasses: [], callers: [] } as const,
});
const GripperService = {
  name: service,
  servedBy: [],
  methods: { grip: method("Grip", "gripper:actuate"), watch: method("Watch", "gripper:observe") },
} satisfies ServiceDefinition;

const grants = `# The cafe.
grants:
  # Every coffee machine.
  "coffee/*": # they grip cups
    ${service}: [gripper:actuate, gripper:observe] # to be narrowed
  # The teapot.
  tea/1:
    ${service}:
      - gripper:actuate # never gripped
      - gripper:observe
`;
const tighter = `# The cafe.
grants:
  # Every coffee machine.
  coffee/1: # they grip cups
    ${service}: [gripper:actuate] # to be narrowed
  # The teapot.
  tea/1:
    ${service}:
      - gripper:observe
`;

describe("interlock least-privilege, with a live fleet", function () {
  this.timeout(120_000); // Some fifteen commands, each a process.
  let dir: string;
  let up: ChildProcess;
  let authority: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-privilege-"));
    const env = { ...process.env, INTERLOCK_LOG_LEVEL: "error" };
    const args = [commandFile, "up", "--port", "0", "--trust-domain", "cafe", "--json"];
    up = spawn(process.execPath, args, { cwd: dir, env, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    authority = JSON.parse(line).authority;
    await writeFile(join(dir, "grants.yaml"), grants);
  });
  after(async () => {
    await endProcess(up, "SIGTERM");
    await rm(dir, { recursive: true });
  });

  const interlock = (...args: readonly string[]) => runCommand({ cwd: dir }, args);
  const json = async (...args: readonly string[]): Promise<Json> => {
    const { stdout, code } = await interlock(...args, "--json");
    return { ...JSON.parse(stdout), exit: code };
  };
  const propose = (...args: readonly string[]) => json("least-privilege", "--window", "all", ...args);

  async function join1(name: string, joinToken?: string) {
    return joinFleet({ authority, name, joinToken, stateDir: join(dir, "bots", name), log: silentLog });
  }

  /** The traffic of a day: what each call ended with. Bots report when they end. */
  async function traffic(): Promise<string[]> {
    const [gripper, coffee, tea] = await Promise.all([join1("gripper/1"), join1("coffee/1"), join1("tea/1")]);
    const server = await gripper.serve({ port: 0 }, (routes) =>
      routes.add(GripperService, { grip: async () => ({}), watch: async () => ({}) }),
    );
    const end = async (call: Promise<unknown>) =>
      call.then(
        () => "ok",
        (error) => InterlockError.from(error).reason ?? "",
      );
    const [cups, kettle] = [coffee.client(GripperService, server.address), tea.client(GripperService, server.address)];
    const ends = [await end(cups.grip({})), await end(cups.grip({})), await end(kettle.watch({}))];
    await Promise.all([coffee.close(0), tea.close(0)]);
    await gripper.close(0);
    return ends;
  }

  it("proposes exactly what is not used, as a patch that git applies", async () => {
    for (const name of ["gripper/1", "coffee/1", "tea/1"]) {
      const { joinToken } = await json("invite", name);
      await (await join1(name, joinToken)).close(0);
    }
    await json("grants", "apply", "grants.yaml");
    assert.deepEqual(await traffic(), ["ok", "ok", "ok"]);

    const young = await json("least-privilege");
    assert.deepEqual([young.exit, new Set(young.judged.map(({ verdict }: Json) => verdict))], [0, new Set(["young"])]);
    assert.equal(young.diff, "");

    const proposed = await propose("--patch", "tighter.patch");
    assert.deepEqual(
      proposed.judged.map(({ identity, scope, verdict, calls }: Json) => [identity, scope, verdict, calls]),
      [
        ["coffee/*", "gripper:actuate", "wildcard", 2],
        ["coffee/*", "gripper:observe", "unused", 0],
        ["tea/1", "gripper:actuate", "unused", 0],
        ["tea/1", "gripper:observe", "used", 1],
      ],
    );
    assert.deepEqual([proposed.replay.calls >= 3, proposed.replay.refused], [true, []]);
    await run("git", ["apply", "--unsafe-paths", "--directory", dir, "tighter.patch"], { cwd: dir });
    assert.equal(await readFile(join(dir, "grants.yaml"), "utf8"), tighter);
    await writeFile(join(dir, "grants.yaml"), grants);
    const { stdout } = await interlock("least-privilege", "--window", "all");
    assert.match(stdout, /^- {2}"coffee\/\*": # they grip cups$/m);
    assert.match(stdout, /none would have been refused/);
  });

  it("applies it: the same traffic passes; rolls it back", async () => {
    const applied = await propose("--apply", "--write");
    assert.deepEqual([applied.exit, applied.ok, applied.applied, applied.before], [0, true, true, 1]);
    assert.equal(await readFile(join(dir, "grants.yaml"), "utf8"), tighter);
    assert.equal((await json("grants", "show")).yaml, tighter);
    assert.deepEqual(await traffic(), ["ok", "ok", "ok"]);
    const back = await json("least-privilege", "--rollback", "--yes");
    assert.deepEqual([back.applied, back.version], [true, 3]);
    assert.equal((await json("grants", "show")).yaml, grants);

    const drifted = await propose("--apply");
    assert.match(drifted.error.message, /grants\.yaml differs from the grants in force in 4: run/);
  });

  it("fails with one grant less: on the record, and in traffic", async () => {
    const one = tighter.replace(/ {2}tea\/1:\n[\s\S]*/, "");
    await writeFile(join(dir, "less.yaml"), one);
    const tried = await propose("--dry-run", "--grants", "less.yaml");
    assert.deepEqual([tried.exit, tried.ok], [1, false]);
    assert.deepEqual(
      tried.replay.refused.map(({ caller, method, count, missing }: Json) => [caller, method, count, missing]),
      [["tea/1", `${service}/Watch`, 2, [{ bot: "tea/1", service, scope: "gripper:observe" }]]],
    );
    const { stdout, code } = await interlock(
      "least-privilege",
      "--window",
      "all",
      "--dry-run",
      "--grants",
      "less.yaml",
    );
    assert.equal(code, 1);
    assert.match(stdout, /^tea\/1 +cafe\.v1\.GripperService\/Watch +2 +\S+ +gripper:observe at \S+ for tea\/1$/m);
    const refused = await propose("--apply", "--grants", "less.yaml");
    assert.deepEqual([refused.exit, refused.ok, refused.applied], [1, false, false]);
    const forced = await propose("--apply", "--grants", "less.yaml", "--force");
    assert.deepEqual([forced.exit, forced.applied, forced.changes.length], [0, true, 5]);
    assert.deepEqual(await traffic(), ["ok", "ok", "NO_GRANT"]);
  });

  it("reads 50,000 rows completely, and calls nothing unused where a server does not count", async () => {
    const { judged, replay: before } = await propose();
    assert.ok(!judged.some(({ verdict }: Json) => verdict === "unknown"));
    const big = "cafe.v1.BigService";
    await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        const name = `big/${i}`;
        const { joinToken } = await json("invite", name);
        const bot = await join1(name, joinToken);
        const reporter = bot.client(AuthorityService, authority);
        const endpoints = [{ service: big, address: `127.0.0.1:${i + 1}` }];
        for (let part = 0; part < 10; part++) {
          const usage = Array.from({ length: 1_000 }, (_, j) => {
            const caller = `spiffe://cafe/caller/${part * 1_000 + j}`;
            return { method: `${big}/Do`, caller, count: 1n, lastAt: new Date() };
          });
          await reporter.report({ endpoints, usage, instance: "without-counts" });
        }
        await bot.close(0);
      }),
    );
    await writeFile(join(dir, "big.yaml"), `${grants}  big/1: {${big}: ["big:do"]}\n`);
    await json("grants", "apply", "big.yaml");
    const { judged: after, replay } = await propose("--grants", "big.yaml");
    assert.equal(replay.calls - before.calls >= 50_000, true, `${replay.calls - before.calls}`);
    const { verdict, reason } = after.find(({ identity }: Json) => identity === "big/1");
    assert.deepEqual([verdict, reason], ["unknown", `no manifest of ${big} is known`]);
  });

  it("says what is wrong with the command line and the file", async () => {
    const both = await interlock("least-privilege", "--apply", "--rollback");
    assert.deepEqual([both.code, /choose one of/.test(both.stderr)], [2, true]);
    assert.equal((await interlock("least-privilege", "--window", "0")).code, 2);
    assert.match((await json("least-privilege", "--grants", "none.yaml")).error.message, /There is no file none\.yaml/);
    await writeFile(join(dir, "bad.yaml"), "grants: 1");
    assert.match((await json("least-privilege", "--grants", "bad.yaml")).error.message, /bad\.yaml: line 1/);
  });
});
