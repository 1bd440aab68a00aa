import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { callHandler, createTestFleet, type TestFleet } from "@interlock/testing";
import { coffee } from "./coffee.js";
import { CoffeeService } from "./gen/__package__/coffee/v1/coffee_interlock.js";
import { GripperService } from "./gen/__package__/gripper/v1/gripper_interlock.js";
import { gripper } from "./gripper.js";

// Both bots in this process: mutual TLS, tokens and policies as always, without an authority and without ports.
describe("the fleet", () => {
  let fleet: TestFleet;

  before(async () => {
    fleet = await createTestFleet({ grants: await readFile("grants.yaml", "utf8") });
    await fleet.serve(GripperService, gripper, { name: "gripper/1" });
    const gripperOfCoffee = fleet.client(GripperService, { as: "coffee/1" });
    await fleet.serve(CoffeeService, coffee(gripperOfCoffee), { name: "coffee/1" });
  });
  after(() => fleet.close());

  it("lets an operator brew, for whom the coffee bot grips", async () => {
    const operator = fleet.client(CoffeeService, { as: "operator/test" });
    const { ready } = await operator.brew({ shots: 2 });
    assert.equal(ready, true);
  });

  it("lets an operator watch the gripper, and not move it", async () => {
    const watcher = fleet.client(GripperService, { as: "operator/test" });
    for await (const { newtons } of watcher.watchForce({})) {
      assert.equal(newtons, 3.9);
      break;
    }
    await assert.rejects(watcher.grip({ newtons: 4 }), { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    assert.equal(fleet.denials.at(-1)?.caller, "spiffe://test/operator/test");
  });
});

describe("the handler of Grip", () => {
  it("holds nothing without force", async () => {
    const caller = { as: "arm/1", scopes: ["gripper:actuate"] };
    const { held } = await callHandler(GripperService, "grip", gripper.grip, { newtons: 0 }, caller);
    assert.equal(held, false);
  });
});
