import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import type { Codec, Policy, Scope, ServiceDefinition } from "@interlock/policy";
import { endProcess } from "./testing/end-process.js";
import { commandFile, runCommand } from "./testing/run-command.js";

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

/** Messages without fields. */
const nothing: Codec<object> = {
  encode: () => ({ finish: () => new Uint8Array() }),
  decode: () => ({}),
  fromPartial: () => ({}),
};

function method(path: string, scope: Scope) {
  const policy: Policy = {
    scopes: [scope],
    anyBot: false,
    purpose: "Move.",
    risk: "high",
    dataClasses: [],
    callers: [],
  };
  return { path, kind: "unary", request: nothing, response: nothing, policy } as const;
}

const gripper = {
  name: "cafe.v1.GripperService",
  owner: "cafe team",
  servedBy: [],
  methods: {
    grip: method("/cafe.v1.GripperService/Grip", "gripper:actuate"),
    release: method("/cafe.v1.GripperService/Release", "gripper:release"),
  },
} satisfies ServiceDefinition;

describe("interlock inventory, with a fleet", () => {
  const bots: Bot[] = [];
  let dir: string;
  let up: ChildProcess;
  let authority: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-inventory-"));
    up = spawn(process.execPath, [commandFile, "up", "--port", "0", "--trust-domain", "cafe", "--json"], {
      cwd: dir,
      env: { ...process.env, INTERLOCK_LOG_LEVEL: "error" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    authority = JSON.parse(line).authority;
  });
  after(async () => {
    for (const bot of bots) await bot.close(0);
    await endProcess(up, "SIGTERM");
    await rm(dir, { recursive: true });
  });

  const run = (...args: readonly string[]) => runCommand({ cwd: dir }, args);
  async function json(...args: readonly string[]): Promise<Json> {
    return JSON.parse((await run(...args, "--json")).stdout);
  }
  async function member(name: string): Promise<Bot> {
    const { joinToken } = await json("invite", name);
    const bot = await joinFleet({ authority, name, joinToken, stateDir: join(dir, name), log: silentLog });
    bots.push(bot);
    return bot;
  }

  it("lists what bots serve and call, and says what has changed since a snapshot", async () => {
    const saved = await run("inventory", "--save", "before.json");
    assert.deepEqual([saved.code, saved.stderr], [0, ""]);
    await writeFile(
      join(dir, "grants.yaml"),
      "grants:\n  coffee/1:\n    cafe.v1.GripperService: [gripper:actuate, gripper:release]\n",
    );
    assert.equal((await run("grants", "apply", "grants.yaml", "--yes")).code, 0);
    const [server, caller] = [await member("gripper/1"), await member("coffee/1")];
    const { port } = await server.serve({ port: 0 }, (routes) =>
      routes.add(gripper, { grip: async () => ({}), release: async () => ({}) }),
    );
    await caller.client(gripper, `localhost:${port}`).grip({});
    // A command takes longer than the window, so soon the server has reported for all of it.
    let states: readonly string[] = [];
    for (let i = 0; i < 8 && !states.includes("unused"); i++)
      states =
        (await json("inventory", "--window", "1s", "--state", "unused")).inventory.endpoints.at(-1)?.states ?? [];
    assert.deepEqual(states, ["served", "unused"]);
    // Each reports the rest when it closes; the server goes on as a process that has ended.
    for (const bot of bots.splice(0)) await bot.close(0);

    const { inventory, total } = await json("inventory");
    assert.equal(total, 2);
    const [grip, release] = inventory.endpoints;
    assert.deepEqual([grip.name, grip.owner, grip.calls], ["cafe.v1.GripperService/Grip", "cafe team", 1]);
    assert.ok(grip.states.includes("used"));
    assert.equal(grip.callers[0].bot, "coffee/1");
    assert.match(grip.servers[0].address, new RegExp(`:${port}$`));
    assert.deepEqual([grip.servers[0].online, typeof grip.servers[0].stoppedAt], [false, "number"]);
    // It has not reported for 30 days.
    assert.ok(release.states.includes("unknown"));
    assert.match(release.unknown[0], /^gripper\/1 has reported its calls only since /);

    const shown = await run("inventory", "--service", "GripperService");
    assert.match(shown.stdout, /^2 endpoints of 1 service, and \d bots: 1 used, 0 unused and 1 unknown/);
    assert.match(shown.stdout, /gripper\/1 .*ended .* ago/);
    const { changes } = await json("inventory", "diff", "before.json");
    const texts = changes.map(({ kind, subject }: Json) => `${kind} ${subject}`);
    assert.ok(texts.includes("method-added cafe.v1.GripperService/Grip"));
    assert.ok(texts.includes("bot-added coffee/1"));
    const narrowed = await json("inventory", "diff", "before.json", "--service", "NoService");
    assert.deepEqual(
      narrowed.changes.filter(({ kind }: Json) => kind === "method-added"),
      [],
    );
    const { endpoints } = await json("risk", "--limit", "1");
    assert.equal(endpoints.length, 1);
    assert.equal(endpoints[0].reach.bots, 1);
  });

  it("writes the page, and leaves the authority alone when told", async () => {
    const written = await run("inventory", "--html", "inventory.html");
    assert.match(written.stdout, /written inventory\.html/);
    assert.match(await readFile(join(dir, "inventory.html"), "utf8"), /2 endpoints of 1 service/);
    const offline = await json("inventory", "--offline");
    assert.deepEqual([offline.total, offline.inventory.sources.fleet], [0, false]);
  });
});
