import assert from "node:assert/strict";
import { cafe, coffee, diagnostics, gripper } from "../testing/cafe-fleet.js";
import { ago, type FleetSpec, fleetWith, now, serviceWith } from "../testing/fleet.js";
import { createInventory } from "./create-inventory.js";
import { diffInventory } from "./diff-inventory.js";

function inventory(change: Partial<FleetSpec> = {}) {
  return createInventory(fleetWith({ ...cafe, ...change }));
}

/** What changes from the cafe to another fleet. */
function texts(change: Partial<FleetSpec>): string[] {
  return diffInventory(inventory(), inventory(change)).map(({ kind, text }) => `${kind}: ${text}`);
}

describe("diffInventory", () => {
  it("finds nothing between equal inventories", () => assert.deepEqual(texts({}), []));

  it("finds methods that are new and that are gone", () => {
    const looser = serviceWith(gripper.name, [
      { name: "Grip", scopes: ["gripper:actuate"], risk: "high", purpose: "Close the gripper on one item." },
      { name: "Reset", anyBot: true },
    ]);
    const bots = cafe.bots.map((bot) => (bot.name === "gripper/1" ? { ...bot, serves: [looser] } : bot));
    const calls = (cafe.calls ?? []).filter(({ method }) => !method.endsWith("WatchForce"));
    assert.deepEqual(texts({ bots, calls, project: [looser, coffee, diagnostics] }), [
      "method-added: cafe.gripper.v1.GripperService/Reset is new: any bot may call it.",
      "method-removed: cafe.gripper.v1.GripperService/WatchForce is gone: its last call on record was at 2026-05-12 11:00 UTC.",
    ]);
  });

  it("says how a policy was loosened", () => {
    const looser = serviceWith(coffee.name, [{ name: "Brew", anyBot: true, risk: "medium", purpose: "Brew one cup." }]);
    assert.deepEqual(texts({ project: [gripper, looser, diagnostics] }).slice(0, 1), [
      "policy-loosened: cafe.coffee.v1.CoffeeService/Brew takes any bot without a token, instead of needing coffee:brew.",
    ]);
  });

  it("finds servers, callers, states and bots that come and go", () => {
    const bots = cafe.bots.map((bot) => (bot.name === "coffee/2" ? { ...bot, lastSeenAt: now - 90_000 } : bot));
    const calls = [
      ...(cafe.calls ?? []).filter(({ method }) => !method.endsWith("WatchForce")),
      { bot: "gripper/1", method: `${gripper.name}/Grip`, caller: "coffee/1", actors: ["gate/1"] },
    ];
    assert.deepEqual(texts({ bots, calls }), [
      `state-gained: ${gripper.name}/WatchForce is unused since 2026-02-01 12:00 UTC now.`,
      `state-lost: ${gripper.name}/WatchForce is used no longer.`,
      `server-gone: ${coffee.name}/Brew is served by coffee/2 at 127.0.0.1:50053 no longer.`,
      `caller-new: coffee/1, by gate/1 calls ${gripper.name}/Grip.`,
      `caller-gone: coffee/1 calls ${gripper.name}/WatchForce no longer.`,
      "bot-added: gate/1 is a bot of the fleet now.",
    ]);
  });

  it("does not take a source that was not read for a change", () => {
    const { fleet: _, ...offline } = fleetWith(cafe);
    assert.deepEqual(diffInventory(inventory(), createInventory(offline)), []);
    assert.deepEqual(diffInventory(inventory(), inventory({ project: undefined })), []);
  });

  it("calls a caller gone that has not called within the window", () => {
    const calls = (cafe.calls ?? []).map((call) => (call.caller === "coffee/2" ? { ...call, lastAt: ago(31) } : call));
    assert.deepEqual(texts({ calls }), [`caller-gone: coffee/2 calls ${gripper.name}/Grip no longer.`]);
  });
});
