import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { endProcess } from "./testing/end-process.js";
import { commandFile, runCommand } from "./testing/run-command.js";

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

const policy = {
  scopes: ["gripper:actuate"],
  anyBot: false,
  purpose: "Grip.",
  risk: "low",
  dataClasses: [],
  callers: ["leader/*"],
};
const name = "cafe.v1.GripperService";
const method = { name: "Grip", path: `/${name}/Grip`, kind: "unary", request: "a.B", response: "a.B", policy };
const manifest = { version: 1, services: [{ name, file: "a.proto", servedBy: [], methods: [method] }] };

describe("interlock, for its operators", function () {
  this.timeout(180_000); // Some thirty commands, each a process.
  let dir: string;
  let up: ChildProcess;
  let logged: string[];
  let authority: string;
  let gripper: Bot;
  const children: ChildProcess[] = [];

  async function start(port: string): Promise<void> {
    up = spawn(process.execPath, [commandFile, "up", "--port", port, "--trust-domain", "cafe", "--json"], {
      cwd: dir,
      stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface({ input: up.stderr as NodeJS.ReadableStream }).on("line", (line) => logged.push(line));
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    authority = JSON.parse(line).authority;
  }

  const interlock = (...args: readonly string[]) => runCommand({ cwd: dir }, args);

  const json = async (...args: readonly string[]): Promise<Json> => {
    const { stdout, code } = await interlock(...args, "--json");
    return { ...JSON.parse(stdout), exit: code };
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-operators-"));
    logged = [];
    await start("0");
    const { joinToken } = await json("invite", "gripper/1");
    gripper = await joinFleet({
      authority,
      name: "gripper/1",
      joinToken,
      stateDir: join(dir, "gripper"),
      log: silentLog,
    });
  });
  after(async () => {
    await Promise.all(children.map((child) => endProcess(child)));
    await gripper.close(0);
    if (up.exitCode === null && up.signalCode === null) {
      up.kill("SIGTERM");
      await once(up, "exit");
    }
    await rm(dir, { recursive: true });
  });

  it("logs joins while the authority runs, as JSON lines with its name", () => {
    const lines = logged.map((line) => JSON.parse(line));
    const joined = lines.find(({ message, name }) => message === "bot joined" && name === "gripper/1");
    assert.equal(joined.bot, "interlock/authority");
    assert.ok(!lines.some(({ message }) => message === "authority started"), "that is for --verbose");
  });

  it("refuses a level of the log that there is not", async () => {
    const env = { ...process.env, INTERLOCK_LOG_LEVEL: "loud" };
    const child = spawn(process.execPath, [commandFile, "up", "--port", "0"], {
      cwd: tmpdir(),
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const chunks: string[] = [];
    child.stderr.on("data", (chunk) => chunks.push(String(chunk)));
    const [code] = await once(child, "close");
    assert.equal(code, 1);
    assert.match(chunks.join(""), /use debug, info, warn, error or silent/);
  });

  it("holds grants against the manifests in the folder and the bots that are known", async () => {
    await mkdir(join(dir, "src/gen"), { recursive: true });
    await writeFile(join(dir, "src/gen/interlock.manifest.json"), JSON.stringify(manifest));
    await writeFile(
      join(dir, "bad.yaml"),
      `grants:\n  griper/1:\n    ${name}: [gripper:actaute]\n  gripper/1: {${name}: ['gripper:actuate']}\n`,
    );
    const { stdout, code } = await interlock("grants", "plan", "bad.yaml");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^bad\.yaml:2:3: warning no bot has joined.*\[unknown-identity\]\n {4}griper\/1:\n {4}\^{8}\n {2}did you mean gripper\/1\?$/m,
    );
    assert.match(
      stdout,
      /^bad\.yaml:3:30: warning no method .*\n.*\n {31}\^{15}\n {2}did you mean gripper:actuate\?$/m,
    );
    assert.match(stdout, /bad\.yaml:4:\d+: warning .*\[useless-grant\]/);

    const strict = await json("grants", "apply", "bad.yaml", "--strict");
    assert.deepEqual([strict.exit, strict.ok, strict.applied], [1, false, false]);
    assert.deepEqual(
      strict.findings.map(({ id, line }: Json) => [id, line]),
      [
        ["unknown-identity", 2],
        ["unknown-scope", 3],
        ["useless-grant", 4],
      ],
    );
    assert.equal((await json("grants", "show")).yaml.includes("griper"), false);

    await writeFile(join(dir, "good.yaml"), `grants:\n  'leader/*': {${name}: ['gripper:actuate']}\n`);
    await json("invite", "leader/1");
    assert.deepEqual((await json("grants", "apply", "good.yaml", "--strict")).findings, []);
    const other = await interlock("grants", "plan", "good.yaml", "--manifest", "none.json");
    assert.match(other.stderr, /There is no none\.json/);
  });

  it("knows what bots have reported, where there is no manifest in the folder", async () => {
    await mkdir(join(dir, "elsewhere"));
    await writeFile(
      join(dir, "elsewhere/g.yaml"),
      `grants:\n  'leader/*': {cafe.v1.GriperService: ['gripper:actuate']}\n`,
    );
    const plan = () => json("grants", "plan", "elsewhere/g.yaml");
    assert.deepEqual((await plan()).findings, [], "nothing is known of any service");
    const served = {
      ...method,
      request: undefined as never,
      response: undefined as never,
      policy: policy as never,
      kind: "unary" as const,
    };
    const server = await gripper.serve({ port: 0 }, (routes) =>
      routes.add(
        {
          name,
          servedBy: [],
          methods: {
            grip: {
              ...served,
              request: AuthorityService.methods.confirm.request,
              response: AuthorityService.methods.confirm.response,
            },
          },
        },
        { grip: async () => ({}) },
      ),
    );
    for (;;) {
      const { findings } = await plan();
      if (findings.length === 0) continue;
      assert.match(findings[0].remedy, /did you mean cafe\.v1\.GripperService/);
      break;
    }
    await server.close(0);
  });

  it("lists usage: all of it, in one order, filtered, the latest for a person", async () => {
    const client = gripper.client(AuthorityService, authority);
    const at = (i: number) => new Date(Date.now() - 3_600_000 - (i % 7) * 1_000);
    for (let part = 0; part < 3; part++) {
      const usage = Array.from({ length: 1_000 }, (_, i) => ({
        method: `${name}/M${part * 1_000 + i}`,
        caller: "spiffe://cafe/leader/1",
        denial: i % 10 === 0 ? "SCOPE_MISSING" : "",
        count: 1n,
        lastAt: at(i),
      }));
      await client.report({ usage, instance: "test" });
    }
    await client.report({
      usage: [
        {
          method: `${name}/Grip`,
          caller: "spiffe://cafe/leader/2",
          actors: ["spiffe://cafe/gateway/1", "spiffe://cafe/front/1"],
          count: 2n,
          lastAt: new Date(),
          firstAt: at(0),
        },
      ],
      instance: "test",
    });
    const of = ["usage", "--service", name];
    const first = await json(...of);
    assert.deepEqual(
      [first.total, first.usage.length, new Set(first.usage.map(({ method }: Json) => method)).size],
      [3_001, 3_001, 3_001],
    );
    assert.deepEqual([first.usage[0].method, first.usage[0].count], [`${name}/Grip`, 2]);
    assert.ok(first.usage[0].firstAt < first.usage[0].lastAt);
    const denied = await json(...of, "--denied", "--bot", "leader/1", "--since", "2h", "--limit", "7");
    assert.deepEqual(
      [denied.total, denied.usage],
      [300, first.usage.filter(({ denial }: Json) => denial !== "").slice(0, 7)],
    );
    const { stdout } = await interlock(...of);
    assert.match(stdout, /^LAST +FIRST +COUNT +CALLER +VIA +BOT +METHOD +DENIED\n/);
    assert.match(stdout, /\n.* 2 +leader\/2 +gateway\/1 front\/1 +gripper\/1 +cafe/);
    assert.match(stdout, /2901 more: --limit 3001 shows them all/);
    const days = await json(...of, "--days", "--bot", "front/*");
    assert.deepEqual(
      [days.total, days.days[0].day.length, days.days[0].count, days.days[0].actors.length],
      [1, "YYYY-MM-DD".length, 2, 2],
    );
    assert.match(
      (await interlock(...of, "--days", "--limit", "1")).stdout,
      /^DAY +COUNT +CALLER +VIA +BOT +METHOD +DENIED\n\d{4}-\d\d-\d\d +\d/,
    );
    const short = name.slice(name.lastIndexOf(".") + 1);
    for (const [option, wanted, total] of [
      ["--service", short, 3_001],
      ["--service", short.slice(1), 0],
      ["--method", `${short}/Grip`, 1],
      ["--method", `${name}/Grip`, 1],
      ["--method", `${short}/grip`, 0],
    ] as const) {
      assert.equal((await json("usage", option, wanted)).total, total, `${option} ${wanted}`);
    }
    assert.equal((await json("usage", "--since", "soon")).exit, 2);
  });

  it("lists the audit log by kind, bot and time", async () => {
    const list = async (...args: string[]) =>
      (await json("log", "list", ...args)).records.map(
        ({ kind, subject }: Json) => `${kind} ${subject.replace("spiffe://cafe/", "")}`,
      );
    assert.deepEqual(await list("--kind", "invite", "join", "--bot", "gripper/*", "--since", "1h"), [
      "invite gripper/1",
      "join gripper/1",
    ]);
    assert.deepEqual(await list("--kind", "join", "--until", "2020-01-01"), []);
    assert.equal((await list("--limit", "2")).length, 2);
  });

  it("follows the audit log over a restart of the authority, each record once, and ends on Ctrl-C", async () => {
    const follow = spawn(process.execPath, [commandFile, "log", "follow", "--kind", "invite", "--json"], {
      cwd: dir,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(follow);
    const lines: Interface = createInterface({ input: follow.stdout });
    const subjects: string[] = [];
    let seen = () => {};
    lines.on("line", (line) => {
      subjects.push(JSON.parse(line).subject);
      seen();
    });
    const until = async (subject: string) => {
      while (!subjects.includes(subject)) await new Promise<void>((done) => (seen = done));
    };
    const away = new Promise<void>((done) =>
      createInterface({ input: follow.stderr }).on("line", (line) => /waits for it/.test(line) && done()),
    );
    // The command says nothing when it begins: what it prints first shows that it has.
    for (let i = 0; subjects.length === 0; i++) await json("invite", `first/${i}`);
    await json("invite", "second/1");
    await until("second/1");
    up.kill("SIGKILL");
    await once(up, "exit");
    await away;
    await start(authority.split(":").at(-1) ?? "");
    await json("invite", "third/1");
    await until("third/1");
    const all = (await json("log", "list", "--kind", "invite")).records.map(({ subject }: Json) => subject);
    follow.kill("SIGINT");
    const [code] = await once(follow, "exit");
    assert.equal(code, 0);
    assert.deepEqual(subjects, all.slice(all.indexOf(subjects[0])), "nothing is lost, nothing doubled");
  });
});
