import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type Bot, type Client, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { parseGrants } from "@interlock/policy/grants";
import { endProcess } from "../testing/end-process.js";
import { commandFile, runCommand } from "../testing/run-command.js";
import { echoHandlers } from "./testing/echo-handlers.js";

const program = resolve(import.meta.dirname, "testing/stream-bot.js");

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

const grants = `grants:
  coffee/1: # the caller
    test.EchoService: [echo:call, echo:reset]
  gripper/1:
    test.EchoService: [echo:call]
  "*/1":
    test.EchoService: [echo:call]
`;

describe("interlock retire", function () {
  this.timeout(120_000);
  let dir: string;
  let up: ChildProcess;
  let authority: string;
  let operator: Bot;
  let admin: Client<typeof AdminService>;
  let leader: Bot;
  let coffee: Bot;
  let gripper: ChildProcess;
  let leaderAddress: string;
  const said: Json[] = [];
  const ended: string[] = [];

  const interlock = async (...args: readonly string[]) => {
    const startedAt = performance.now();
    return { ...(await runCommand({ cwd: dir }, args)), ms: performance.now() - startedAt };
  };
  const json = async (...args: readonly string[]): Promise<Json> => {
    const { stdout, code, ms } = await interlock(...args, "--json");
    return { ...JSON.parse(stdout), exit: code, ms };
  };
  const joins = async (name: string): Promise<Bot> => {
    const { joinToken } = await admin.createJoinToken({ name });
    return joinFleet({ authority, name, joinToken, stateDir: join(dir, "bots", name), log: silentLog });
  };
  /** Waits until the child process has said something. */
  async function heard(key: string): Promise<Json> {
    for (;;) {
      const found = said.find((message) => key in message);
      if (found) return found;
      await once(gripper, "message");
    }
  }

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-retire-"));
    up = spawn(process.execPath, [commandFile, "up", "--port", "0", "--trust-domain", "cafe", "--json"], {
      cwd: dir,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    ({ authority } = JSON.parse(line));
    await writeFile(join(dir, "grants.yaml"), grants);
    const { operator: name } = JSON.parse(await readFile(join(dir, ".interlock/profile.json"), "utf8"));
    operator = await joinFleet({ authority, name, stateDir: join(dir, ".interlock/bots", name), log: silentLog });
    admin = operator.client(AdminService, authority);
    await admin.applyGrants({ yaml: grants });
    [leader, coffee] = await Promise.all([joins("leader/1"), joins("coffee/1")]);
    const handlers = echoHandlers((reason) => ended.push(reason));
    leaderAddress = (await leader.serve({ port: 0 }, (routes) => routes.add(EchoService, handlers))).address;
    const { joinToken } = await admin.createJoinToken({ name: "gripper/1" });
    const folder = join(dir, "bots/gripper/1");
    gripper = fork(program, [authority, "gripper/1", joinToken, folder, leaderAddress], { stdio: "ignore" });
    gripper.on("message", (message) => said.push(message as Json));
    await heard("chatting");
  });
  after(async () => {
    await endProcess(gripper);
    await Promise.all([leader?.close(0), coffee?.close(0), operator?.close(0)]);
    await endProcess(up, "SIGTERM");
    await rm(dir, { recursive: true });
  });

  it("takes a bot with open streams away: cut, refused, scanned, recorded, by one command, under 5 s", async () => {
    const { address } = await heard("address");
    const outcome: Json[] = [];
    const messages = coffee.client(EchoService, address).chat(
      (async function* () {
        yield {};
        await new Promise(() => {});
      })(),
    );
    const iterator = messages[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).done, false);
    const cut = iterator.next().catch((error) => {
      outcome.push(error);
    });
    gripper.send("report");
    await heard("reported");

    while ((await admin.listUsage({ bot: "coffee/1" })).usage.length === 0);
    const refused = await json("retire", "bot", "gripper/1");
    assert.deepEqual([refused.exit, refused.error?.code], [1, "FAILED_PRECONDITION"], JSON.stringify(refused));
    assert.match(refused.error.message, /coffee\/1 called test\.EchoService\/Chat of gripper\/1/);

    const { exit, done } = await json("retire", "bot", "gripper/1", "--dry-run");
    assert.deepEqual([exit, done, outcome.length], [0, false, 0], "a plan changes nothing");

    const hook = `unit=kill -9 ${gripper.pid}; echo "$INTERLOCK_RETIRE_SUBJECT $INTERLOCK_RETIRE_ADDRESSES"`;
    const gone = once(gripper, "exit");
    const retired = await json("retire", "bot", "gripper/1", "--despite-callers", "--hook", hook);
    await Promise.all([cut, gone]);
    const states = Object.fromEntries(retired.record.steps.map(({ id, state }: Json) => [id, state]));
    assert.deepEqual(
      states,
      {
        revoke: "done",
        membership: "done",
        grants: "done",
        "grants-file": "done",
        directory: "done",
        gateway: "not checked",
        mesh: "not checked",
        dns: "not checked",
        unit: "done",
        rescan: "done",
      },
      JSON.stringify(retired),
    );
    assert.deepEqual([retired.exit, retired.done, retired.record.forced], [0, true, ["despite-callers"]]);
    assert.ok(retired.ms < 5_000, `it took ${retired.ms} ms`);
    assert.equal(outcome[0]?.reason, "IDENTITY_REVOKED", "the stream that it served was cut by its client");
    assert.deepEqual(ended, ["IDENTITY_REVOKED"], "the stream that it had opened was cut by the server");
    const { before, after } = retired.record;
    assert.deepEqual(
      before.scan.map(({ state }: Json) => state),
      ["still serves", "still serves"],
    );
    assert.deepEqual(
      after.scan.map(({ state }: Json) => state),
      ["gone", "gone"],
    );
    assert.equal(after.grantsVersion, before.grantsVersion + 1);
    assert.ok(after.log.seq > before.log.seq && after.trustVersion > before.trustVersion);

    const left = parseGrants(await readFile(join(dir, "grants.yaml"), "utf8"));
    assert.ok(!left.some(({ identity }) => identity === "gripper/1"));
    assert.equal(Number((await admin.getGrants({})).version), after.grantsVersion);

    const verified = await json("retire", "verify", retired.file);
    assert.deepEqual(
      [verified.exit, verified.sha256, verified.entry.seq, verified.record],
      [0, retired.sha256, retired.seq, retired.record],
    );
    const again = await json("retire", "bot", "gripper/1", "--despite-callers");
    assert.equal(again.exit, 0, JSON.stringify(again));
    assert.deepEqual(
      again.record.steps.filter(({ state }: Json) => state === "done").map(({ id }: Json) => id),
      ["directory", "rescan"],
      "it does nothing twice",
    );
  });

  it("retires neither the authority, nor its services, nor the operator that asks, whatever it is told", async () => {
    const { version } = await admin.getGrants({});
    for (const [subject, code] of [
      ["bot interlock/authority", "INVALID_ARGUMENT"],
      ["service interlock.authority.v1.AdminService", "INVALID_ARGUMENT"],
      ["method grpc.health.v1.Health/Check", "INVALID_ARGUMENT"],
      [`bot ${operator.spiffeId.name}`, "FAILED_PRECONDITION"],
    ] as const) {
      const refused = await json("retire", ...subject.split(" "), "--force", "--despite-callers");
      assert.deepEqual([refused.exit, refused.error?.code], [1, code], subject);
    }
    assert.equal((await admin.getGrants({})).version, version);
  });

  it("retires a name that nobody knows when it is told to, for good", async () => {
    const forced = await json("retire", "bot", "never/1", "--force");
    assert.equal(forced.exit, 0, JSON.stringify(forced));
    await assert.rejects(admin.createJoinToken({ name: "never/1" }), { reason: "IDENTITY_REVOKED" });
  });

  it("has a method answer 12 on every server at once, and serves it again", async () => {
    const client = coffee.client(EchoService, leaderAddress);
    await client.reset({});
    const retired = await json("retire", "method", "EchoService/Reset", "--despite-callers");
    assert.equal(retired.exit, 0, JSON.stringify(retired));
    const scanned = retired.record.after.scan.map(({ address, state }: Json) => [address, state]);
    assert.deepEqual(Object.fromEntries(scanned)[leaderAddress], "answers 12");
    await assert.rejects(client.reset({}), { code: "UNIMPLEMENTED", reason: "METHOD_RETIRED" });
    await client.echo({});
    assert.ok(!parseGrants((await admin.getGrants({})).yaml).some(({ scope }) => scope === "echo:reset"));
    const undone = await json("retire", "undo", "test.EchoService/Reset");
    assert.deepEqual(undone.unretired, ["test.EchoService/Reset"]);
  });

  it("retires without a person what is past its sunset, and says what is left", async () => {
    const due = (...args: readonly string[]) => json("retire", "--due", "--wait", "0", "--name", "janitor/1", ...args);
    const { policy, request, response } = EchoService.methods.echo;
    const deprecation = { since: "2020-01-01", sunset: "2021-01-01" };
    const path = "/test.OldService/Do";
    const old = { path, kind: "unary", request, response, policy: { ...policy, deprecation } } as const;
    const bot = await joins("old/1");
    await bot.serve({ port: 0 }, (routes) =>
      routes.add({ name: "test.OldService", servedBy: [], methods: { do: old } }, { do: () => ({}) }),
    );
    const page = await readFile(resolve(import.meta.dirname, "../../../../docs/retire.md"), "utf8");
    const [, janitor = ""] = /```yaml\ngrants:\n(.*?)```/s.exec(page) ?? [];
    await admin.applyGrants({ yaml: `${grants}  coffee/2:\n    test.OldService: [echo:call]\n${janitor}` });
    const { joinToken } = await admin.createJoinToken({ name: "janitor/1" });
    await interlock("join", "--name", "janitor/1", "--token", joinToken, "--authority", authority);
    while (!(await admin.listInstances({})).instances.some(({ services }) => services.includes("test.OldService")));

    const planned = await due("--dry-run");
    const states = ({ subjects }: Json) => subjects.map(({ subject, state }: Json) => `${subject} ${state}`);
    assert.deepEqual([planned.exit, states(planned)], [1, ["service test.OldService planned", "bot old/1 planned"]]);

    const done = await due();
    assert.deepEqual(
      [done.exit, states(done)],
      [1, ["service test.OldService retired", "bot old/1 open"]],
      JSON.stringify(done),
    );
    assert.match(done.subjects[1].open.join(), /rescan: .*old\/1 still listens/);
    assert.ok(!parseGrants((await admin.getGrants({})).yaml).some(({ service }) => service === "test.OldService"));
    const verified = await json("retire", "verify", done.subjects[0].record);
    assert.deepEqual([verified.exit, verified.signer], [0, "spiffe://cafe/janitor/1"]);

    await bot.close(0);
    const gone = await due();
    assert.deepEqual(
      [gone.exit, states(gone)],
      [0, ["service test.OldService gone", "bot old/1 retired"]],
      JSON.stringify(gone),
    );
    const { code } = await interlock("retire", "--due", "--name", "nobody/1");
    assert.equal(code, 2, "it could not judge");
  });
});
