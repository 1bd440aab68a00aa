import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startAuthority } from "@interlock/authority";
import { type Bot, type BotServer, joinFleet, silentLog } from "@interlock/bot";
import { createLeader, DispatchService, leaderRoutes, OperatorService, SafetyService } from "@interlock/swarm";
import { openTaskStore, type TaskStore } from "@interlock/swarm/store";
import { createFloor } from "../floor.js";
import { FeedService } from "../gen/warehouse/v1/feed_interlock.js";
import { CarryTask } from "../gen/warehouse/v1/warehouse.js";
import { DiagnosticsService, MachineService, TrafficService } from "../gen/warehouse/v1/warehouse_interlock.js";
import { type Process, startProcess } from "../process.js";
import { trafficService } from "../traffic-service.js";
import { createWorld } from "../world.js";
import { createFeed } from "./feed.js";
import { feedService } from "./feed-service.js";
import { dashboardGrants } from "./grants.js";
import type { Entry } from "./model/entry.js";
import { applyEntry, createFleetState, type FleetState } from "./model/fleet-state.js";
import type { DashboardConfig } from "./options.js";
import { readRecord } from "./record.js";

const grants = `
grants:
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:stop]
${dashboardGrants}`;

/** Reads events until `isSo`; returns the state at that moment. */
async function until(url: string, isSo: (state: FleetState) => boolean): Promise<FleetState> {
  const { body } = await fetch(`${url}events`);
  assert.ok(body);
  let state = createFleetState();
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${text}${chunk}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((each) => each.startsWith("data: "))) {
      const data: { state?: FleetState; entries?: Entry[] } = JSON.parse(line.slice(6));
      if (data.state) state = data.state;
      for (const entry of data.entries ?? []) applyEntry(state, entry);
      if (isSo(state)) return state;
    }
  }
  throw new Error("The dashboard has ended.");
}

const program = fileURLToPath(new URL("./main.js", import.meta.url));

describe("the dashboard of a fleet", () => {
  const bots: Bot[] = [];
  const feed = createFeed();
  const floor = createFloor(createWorld());
  let dir: string;
  let authority: Awaited<ReturnType<typeof startAuthority>>;
  let store: TaskStore;
  let leading: { leader: ReturnType<typeof createLeader>; server: BotServer };
  let operator: Bot;
  let looker: Bot;
  let story: BotServer;
  let dashboard: Process;
  let traffic: string;
  let url: string;

  async function joinAs(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const at = { authority: authority.address, stateDir: join(dir, name), log: silentLog };
    const bot = await joinFleet({ ...at, name, joinToken });
    bots.push(bot);
    return bot;
  }

  async function lead(bot: Bot, port: number): Promise<typeof leading> {
    const leader = createLeader({ name: bot.name, store, log: silentLog });
    const server = await bot.serve({ port }, (routes) => {
      leaderRoutes(leader)(routes);
    });
    return { leader, server };
  }

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-dashboard-"));
    authority = await startAuthority({ dataDir: join(dir, "a"), trustDomain: "swarm", port: 0, log: silentLog });
    await authority.applyGrants(grants);
    store = await openTaskStore(join(dir, "tasks.db"));
    const [leader, teller] = [await joinAs("leader/1"), await joinAs("story/1")];
    [operator, looker] = [await joinAs("operator/1"), await joinAs("dashboard/2")];
    leading = await lead(leader, 0);
    story = await teller.serve({ port: 0 }, (routes) => routes.add(FeedService, feedService(feed)));
    const ground = await (await joinAs("floor/1")).serve({ port: 0 }, (routes) => {
      const frame = (signal: AbortSignal) => once(signal, "abort").then(() => {});
      routes.add(TrafficService, trafficService(floor, { all: () => [] }, 1, frame));
    });
    traffic = ground.address;
    floor.enter("worker/1");
    const config: DashboardConfig = {
      authority: authority.address,
      joinToken: await authority.createJoinToken("dashboard/1"),
      stateDir: join(dir, "dashboard/1"),
      leaders: [leading.server.address],
      floor: traffic,
      feed: story.address,
      port: 0,
      record: join(dir, "run.ndjson"),
    };
    const onDeath = (problem: string) => assert.fail(problem);
    dashboard = await startProcess({
      name: "dashboard/1",
      file: "./dashboard/main.js",
      config,
      onMessage() {},
      onDeath,
    });
    url = dashboard.ready.address;
  });

  after(async () => {
    await dashboard?.stop();
    for (const bot of bots.reverse()) await bot.close(0);
    await leading?.leader.close();
    await store?.close();
    await authority?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("sees tasks, floor, denials and acts, and the state of the emergency stop", async () => {
    const client = operator.client(OperatorService, leading.server.address);
    const payload = CarryTask.encode({
      item: "bolts 7",
      shelf: { x: 3, y: 1 },
      station: { x: 5, y: 9 },
      fragile: false,
    }).finish();
    const kind = "warehouse.carry";
    await client.submitTask({ kind, payload, requiredCapabilities: [kind] });
    await client.submitTask({ kind, payload: Buffer.from([0xff]) });
    feed.publish({ act: { act: "flood", title: "A flood", expected: "RATE_LIMITED" } });
    feed.publish({ denial: { caller: "spiffe://swarm/visitor/1", reason: "RATE_LIMITED", count: 3 } });
    const state = await until(url, ({ tasks, robots, denied, acts, safety, links }) =>
      Boolean(
        Object.keys(tasks).length === 2 && robots["worker/1"] && denied && acts.length && safety && links.leader?.up,
      ),
    );
    const [task, nonsense] = Object.values(state.tasks);
    assert.deepEqual([task?.title, task?.from, task?.to], ["bolts 7", { x: 3, y: 1 }, { x: 5, y: 9 }]);
    assert.deepEqual([task?.stage, task?.attempt, task?.submittedBy], ["SUBMITTED", 1, "operator/1"]);
    assert.equal(nonsense?.title, kind, "an unreadable payload does no harm");
    assert.deepEqual([state.denied, state.denials[0]?.caller, state.safety?.latched], [3, "visitor/1", false]);
    assert.deepEqual([state.acts[0]?.state, state.plan?.width], ["planned", 34]);
    const safety = operator.client(SafetyService, leading.server.address);
    await safety.emergencyStop({ reason: "smoke" });
    const stopped = await until(url, (seen) => seen.safety?.latched === true);
    assert.deepEqual([stopped.safety?.issuer, stopped.safety?.reason], ["operator/1", "smoke"]);
  });

  it("may read and cannot act: each acting method is refused to it", async () => {
    const at = leading.server.address;
    const swarm = looker.client(OperatorService, at);
    const safety = looker.client(SafetyService, at);
    const ground = looker.client(TrafficService, traffic);
    const { tasks } = await swarm.listTasks({});
    const taskId = tasks[0]?.taskId ?? "";
    const stopId = leading.leader.active().safety.current().stopId;
    const missing = { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" };
    await assert.rejects(swarm.submitTask({ kind: "warehouse.carry" }), missing);
    await assert.rejects(swarm.cancelTask({ taskId }), missing);
    await assert.rejects(swarm.cancelTasks({}), missing);
    await assert.rejects(swarm.pauseTask({ taskId }), missing);
    await assert.rejects(swarm.resumeTask({ taskId }), missing);
    await assert.rejects(swarm.drainWorker({ worker: "worker/1" }), missing);
    await assert.rejects(safety.emergencyStop({ reason: "I may not" }), missing);
    await assert.rejects(safety.resetEmergencyStop({ stopId, reason: "I may not" }), missing);
    const notFor = { code: "PERMISSION_DENIED", reason: "CALLER_NOT_ALLOWED" };
    await assert.rejects(safety.acknowledgeStop({ stopId }), notFor);
    await assert.rejects(ground.enter({}), notFor);
    await assert.rejects(ground.move({ to: { x: 0, y: 0 } }), notFor);
    await assert.rejects(ground.leave({}), notFor);
    const none = { code: "PERMISSION_DENIED", reason: "NO_GRANT" };
    const dispatch = looker.client(DispatchService, at).dispatch((async function* () {})());
    await assert.rejects(dispatch[Symbol.asyncIterator]().next(), none);
    const machines = looker.client(MachineService, traffic);
    await assert.rejects(machines.place({ taskId }), none);
    await assert.rejects(machines.brew({ taskId }), none);
    await assert.rejects(machines.supervise({})[Symbol.asyncIterator]().next(), none);
    await assert.rejects(looker.client(DiagnosticsService, traffic).placeOrder({ item: "beans" }), none);
    assert.deepEqual((await swarm.listTasks({})).tasks, tasks, "nothing has changed");
    assert.equal(leading.leader.active().safety.latched, true);
  });

  it("has no method but those that it reads and those that were refused", () => {
    const services = [OperatorService, SafetyService, TrafficService, FeedService, DispatchService];
    const read = new Set(["swarm:read", "safety:watch", "floor:read", "feed:read"]);
    const acting = services.flatMap(({ methods }) =>
      Object.entries(methods).flatMap(([name, { policy }]) =>
        policy.scopes.every((scope: string) => read.has(scope)) ? [] : name,
      ),
    );
    const operates = ["submitTask", "cancelTask", "cancelTasks", "pauseTask", "resumeTask", "drainWorker"];
    const stops = ["emergencyStop", "acknowledgeStop", "resetEmergencyStop"];
    assert.deepEqual(acting.sort(), [...operates, ...stops, "enter", "move", "leave", "dispatch"].sort());
  });

  it("reports that the leader is away, and recovers with it", async () => {
    const [bot] = bots as [Bot];
    const { port } = new URL(`http://${leading.server.address}`);
    // A cut stream can end with several reasons; the next call always finds no server.
    const away = until(url, ({ links }) => links.leader?.reason === "SERVER_UNREACHABLE");
    await leading.server.close(0);
    await leading.leader.close();
    assert.equal((await away).links.leader?.up, false);
    leading = await lead(bot, Number(port));
    const state = await until(url, ({ links }) => links.leader?.up === true);
    assert.equal(Object.keys(state.tasks).length, 2);
    assert.equal(state.safety?.latched, true, "the stop is in force as before");
  });

  it("writes a record that can be replayed", async () => {
    await dashboard.stop();
    const entries = await readRecord(join(dir, "run.ndjson"));
    const state = createFleetState();
    for (const entry of entries) applyEntry(state, entry);
    assert.deepEqual([Object.keys(state.tasks).length, state.denied, state.safety?.latched], [2, 3, true]);
    assert.deepEqual(
      entries,
      entries.toSorted((a, b) => a.at - b.at),
    );
    const player = spawn(process.execPath, [program, join(dir, "run.ndjson")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(createInterface({ input: player.stdout }), "line")) as [string];
    const [address] = said.split(" ");
    const answer = await fetch(`${address}record`);
    assert.equal((await answer.text()).trim().split("\n").length, entries.length);
    player.kill("SIGTERM");
    assert.deepEqual(await once(player, "exit"), [0, null]);
  });

  it("reports invalid arguments", async () => {
    const start = (...args: string[]) => promisify(execFile)(process.execPath, [program, ...args]);
    await assert.rejects(start(), {
      code: 2,
      stderr: /^An argument is missing: name a file to replay, or the addresses of a swarm to watch\.\n\nnode/,
    });
    await assert.rejects(start("a", "--port", "many"), { code: 2, stderr: /^--port is "many"/ });
    await assert.rejects(start(join(dir, "none.ndjson")), { code: 1, stderr: /ENOENT/ });
  });
});
