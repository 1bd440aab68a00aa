import assert from "node:assert/strict";
import type { Scan, ScannedPort } from "../inputs/scan.js";
import { cafe, coffee, diagnostics, gripper } from "../testing/cafe-fleet.js";
import { ago, type FleetSpec, fleetWith, now, serviceWith } from "../testing/fleet.js";
import { createInventory } from "./create-inventory.js";
import type { Endpoint } from "./inventory.js";
import { summarize } from "./summarize.js";

const watch = `${gripper.name}/WatchForce`;

/** The cafe with a change; its inventory by endpoint. */
function endpoints(change: Partial<FleetSpec>): Map<string, Endpoint> {
  return new Map(createInventory(fleetWith({ ...cafe, ...change })).endpoints.map((one) => [one.name, one]));
}

function endpoint(name: string, change: Partial<FleetSpec> = {}): Endpoint {
  const found = endpoints(change).get(name);
  assert.ok(found, `${name} is not there`);
  return found;
}

/** The calls of the cafe without those of WatchForce. */
const unwatched = (cafe.calls ?? []).filter(({ method }) => method !== watch);
const gripperIs = (more: Partial<FleetSpec["bots"][number]>) => ({
  bots: cafe.bots.map((bot) => (bot.name === "gripper/1" ? { ...bot, ...more } : bot)),
});

function port(address: string, more: Partial<ScannedPort> = {}): ScannedPort {
  return { address, protocol: "grpc", answersWithoutToken: "no", open: [], services: [], sentences: [], ...more };
}
const scanned = (...ports: readonly ScannedPort[]): Scan => ({ startedAt: now, endedAt: now, targets: [], ports });

describe("createInventory", () => {
  it("has a row for each method, with policy, owner, servers and callers", () => {
    const grip = endpoint(`${gripper.name}/Grip`);
    assert.deepEqual(grip.states, ["declared", "served", "used"]);
    assert.deepEqual([grip.owner, grip.policy?.risk, grip.calls], ["cafe team", "high", 7_500]);
    assert.deepEqual(
      grip.callers.map(({ bot }) => bot),
      ["coffee/1", "coffee/2"],
    );
    assert.deepEqual([grip.firstCallAt, grip.lastCallAt], [ago(60), now - 3_600_000]);
    assert.deepEqual([grip.unknown, grip.drift], [[], []]);
    const brew = endpoint(`${coffee.name}/Brew`);
    assert.deepEqual(
      brew.servers.map(({ bot, address, online }) => [bot, address, online]),
      [
        ["coffee/1", "127.0.0.1:50052", true],
        ["coffee/2", "127.0.0.1:50053", true],
      ],
    );
    assert.equal(
      summarize(createInventory(fleetWith(cafe))),
      "4 endpoints of 3 services, and 5 bots: 4 used, 0 unused, 0 unknown and 0 undeclared.",
    );
  });

  it("says unused only when no call can have been missed", () => {
    const unused = endpoint(watch, { calls: unwatched });
    assert.deepEqual(unused.states, ["declared", "served", "unused"]);
    assert.equal(unused.unusedSince, ago(100), "since it was first reported");
    const once = { bot: "gripper/1", method: watch, caller: "coffee/1", lastAt: ago(30) - 1 };
    assert.equal(endpoint(watch, { calls: [...unwatched, once] }).unusedSince, once.lastAt);
    assert.ok(endpoint(watch, { calls: [...unwatched, { ...once, lastAt: ago(30) }] }).states.includes("used"));
    const uncounted = endpoint(watch, { calls: unwatched, ...gripperIs({ uncountedAt: ago(1) }) });
    assert.deepEqual(uncounted.states, ["declared", "served", "unknown"]);
    assert.match(uncounted.unknown[0] ?? "", /without counting/);
  });

  it("says unknown of use without the authority, and not of what the project declares", () => {
    const { project } = fleetWith(cafe);
    const { endpoints: found, sources } = createInventory({ now, project });
    assert.deepEqual(sources, { project: true, fleet: false, scan: false });
    assert.deepEqual(found[0]?.states, ["declared", "unknown"]);
    assert.match(found[0]?.unknown[0] ?? "", /authority was not asked/);
  });

  it("finds what the project does not declare", () => {
    const served = endpoint(`${diagnostics.name}/Status`, { project: [gripper, coffee] });
    assert.deepEqual(served.states, ["served", "used", "undeclared"]);
    assert.equal(served.policy?.anyBot, true, "by its manifest");
    const hidden = { bot: "gripper/1", method: "cafe.debug.v1.DebugService/Order", caller: "coffee/1" };
    const called = endpoint(hidden.method, { calls: [hidden] });
    assert.deepEqual(called.states, ["used", "undeclared", "unknown"]);
    assert.match(called.unknown[0] ?? "", /states its policy/);
    assert.ok(!endpoint(`${diagnostics.name}/Status`, { project: undefined }).states.includes("undeclared"));
  });

  it("makes no row of a path that was denied: a caller can invent it", () => {
    const invented = { bot: "gripper/1", method: "made.up.Service/Method", caller: "x/1", denial: "METHOD_UNKNOWN" };
    assert.equal(endpoints({ calls: [invented] }).has(invented.method), false);
    const denied = { bot: "gripper/1", method: watch, caller: "coffee/2", denial: "SCOPE_MISSING", count: 7 };
    const { denials, calls, callers } = endpoint(watch, { calls: [...(cafe.calls ?? []), denied] });
    assert.deepEqual([denials, calls, callers.length], [7, 60, 1]);
  });

  it("marks deprecated and past sunset from its day on", () => {
    const old = serviceWith("cafe.old.v1.OldService", [
      { name: "Gone", deprecation: { since: "2026-01-01", sunset: "2026-05-12" } },
      { name: "Going", deprecation: { since: "2026-01-01", sunset: "2026-05-13" } },
    ]);
    const found = endpoints({ project: [old] });
    assert.deepEqual(found.get(`${old.name}/Gone`)?.states, ["declared", "deprecated", "past sunset", "unknown"]);
    assert.deepEqual(found.get(`${old.name}/Going`)?.states, ["declared", "deprecated", "unknown"]);
  });

  it("marks what was retired, by itself or with its service", () => {
    const { fleet, ...inputs } = fleetWith(cafe);
    const retiredMethods = [`${gripper.name}/Grip`, `${coffee.name}/*`];
    const { endpoints } = createInventory({ ...inputs, fleet: { ...fleet, retiredMethods } });
    const retired = endpoints.filter(({ states }) => states.includes("retired")).map(({ name }) => name);
    assert.deepEqual(retired, [`${coffee.name}/Brew`, `${gripper.name}/Grip`]);
  });

  it("tells actors, and says how a served policy differs", () => {
    const call = { bot: "gripper/1", method: watch, caller: "coffee/1", actors: ["gate/1"] };
    assert.deepEqual(endpoint(watch, { calls: [call] }).callers[0]?.actors, ["gate/1"]);
    const looser = serviceWith(gripper.name, [
      { name: "WatchForce", anyBot: true, purpose: "Stream the force sensor." },
    ]);
    const { drift, policy } = endpoint(watch, gripperIs({ serves: [looser] }));
    assert.equal(policy?.anyBot, false);
    assert.deepEqual(drift, [
      "As served by gripper/1, WatchForce takes any bot without a token, instead of needing gripper:observe; that is looser than it is declared.",
    ]);
  });

  it("keeps a killed server as not seen since, and forgets what is history", () => {
    const killed = endpoint(watch, gripperIs({ lastSeenAt: now - 61_000 }));
    assert.ok(!killed.states.includes("served"));
    assert.deepEqual(
      killed.servers.map(({ online, lastSeenAt }) => [online, lastSeenAt]),
      [[false, now - 61_000]],
    );
    const history = { project: [coffee], calls: [], ...gripperIs({ stoppedAt: ago(31) }) };
    assert.equal(endpoints(history).has(watch), false);
  });

  it("has both processes of one bot, and forgets one that a later one replaced", () => {
    const { fleet, ...inputs } = fleetWith(cafe);
    const [one] = fleet.processes.filter(({ bot }) => bot === "gripper/1");
    assert.ok(one);
    const serversWith = (...others: readonly Partial<typeof one>[]) => {
      const processes = [
        ...fleet.processes,
        ...others.map((other, i) => ({ ...one, instance: `other ${i}`, ...other })),
      ];
      const { endpoints: found } = createInventory({ ...inputs, fleet: { ...fleet, processes } });
      return (found.find(({ name }) => name === watch)?.servers ?? []).map(({ online, stoppedAt }) => [
        online,
        stoppedAt,
      ]);
    };
    assert.deepEqual(serversWith({ addresses: ["127.0.0.1:2"] }).length, 2);
    const killed = { online: false, lastSeenAt: now - 90_000 };
    assert.deepEqual(serversWith({ ...killed, startedAt: one.startedAt + 1 }), [
      [true, undefined],
      [false, undefined],
    ]);
    const before = { online: false, startedAt: one.startedAt - 9_000 };
    assert.equal(
      serversWith({ ...before, lastSeenAt: one.startedAt - 5_000 }).length,
      1,
      "it was killed, and restarted",
    );
    assert.equal(
      serversWith({ ...before, lastSeenAt: now, stoppedAt: now }).length,
      1,
      "it ended after the new one began",
    );
  });

  it("knows a service by its name only, from an old bot and from reflection", () => {
    const inputs = fleetWith(cafe);
    const processes = inputs.fleet.processes.map((one) =>
      one.bot === "gripper/1" ? { ...one, manifestHash: "" } : one,
    );
    const old = createInventory({ ...inputs, fleet: { ...inputs.fleet, processes } });
    assert.deepEqual(old.endpoints.find(({ name }) => name === watch)?.states, ["declared", "served", "used"]);
    const hidden = port("127.0.0.1:50051", { services: ["cafe.hidden.v1.Hidden", gripper.name] });
    const { states, servers, method } = endpoint("cafe.hidden.v1.Hidden", { scan: scanned(hidden) });
    assert.equal(method, "");
    assert.deepEqual(states, ["listening", "undeclared", "unknown"]);
    assert.equal(servers[0]?.address, "127.0.0.1:50051");
  });

  it("matches scanned ports by address, by certificate, and on this machine", () => {
    const isListening = (address: string, ...ports: readonly ScannedPort[]) =>
      endpoint(watch, { ...gripperIs({ address }), scan: scanned(...ports) }).states.includes("listening");
    const certificate = { spiffeId: "spiffe://cafe.internal/gripper/1", names: [], expiresAt: now };
    const tls = {
      versions: [],
      demandsClientCertificate: "yes",
      acceptsForeignCertificate: "no",
      certificate,
    } as const;
    assert.ok(isListening("10.0.0.1:50051", port("10.0.0.1:50051")));
    assert.ok(isListening("localhost:50051", port("127.0.0.1:50051")));
    assert.ok(isListening("[::1]:50051", port("127.0.0.1:50051")));
    assert.ok(isListening("gripper.local:50051", port("10.0.0.1:50051", { tls })));
    assert.ok(!isListening("gripper.local:50051", port("10.0.0.1:50051")));
    assert.ok(!isListening("10.0.0.1:50051", port("10.0.0.1:50052", { tls })));
  });

  it("marks Interlock's own endpoints", () => {
    const own = serviceWith("interlock.authority.v1.AdminService", [{ name: "ListBots" }]);
    const found = endpoint(`${own.name}/ListBots`, gripperIs({ serves: [gripper, own] }));
    assert.deepEqual([found.own, found.states, found.unknown], [true, ["served"], []]);
  });

  it("lists bots that joined, that only reported, and that only called", () => {
    const bots = [...cafe.bots, { name: "files/1", joins: false }, { name: "silent/1", reports: false }];
    const calls = [{ bot: "gripper/1", method: watch, caller: "issuer/1", actors: ["gate/1"] }];
    const found = createInventory(fleetWith({ ...cafe, bots, calls })).bots;
    const known = new Map(found.map((bot) => [bot.name, bot]));
    assert.deepEqual([known.get("files/1")?.known, known.get("issuer/1")?.known], ["reported", "called"]);
    assert.deepEqual([known.get("gate/1")?.known, known.get("gripper/1")?.known], ["called", "joined"]);
    assert.deepEqual([known.get("silent/1")?.lastSeenAt, known.get("silent/1")?.online], [undefined, false]);
    assert.deepEqual(known.get("gripper/1")?.services, [gripper.name]);
  });
});
