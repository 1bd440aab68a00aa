import assert from "node:assert/strict";
import { createReach, reach } from "./reach.js";

const service = "cafe.v1.GripperService";
const bots = ["coffee/1", "coffee/2", "door/1", "gate/1", "operator/alice"];
const grants = [
  { identity: "coffee/*", service, scope: "gripper:actuate" },
  { identity: "coffee/1", service, scope: "gripper:observe" },
  { identity: "door/1", service: "cafe.v1.Other", scope: "gripper:actuate" },
  { identity: "gate/*", service, scope: "token:exchange" },
] as const;

describe("reach", () => {
  it("finds the bots that hold every scope at the service", () => {
    assert.deepEqual(reach(grants, bots, service, ["gripper:actuate"]).direct, ["coffee/1", "coffee/2"]);
    assert.deepEqual(reach(grants, bots, service, ["gripper:actuate", "gripper:observe"]).direct, ["coffee/1"]);
    assert.deepEqual(reach(grants, bots, service, ["nobody:has"]), { direct: [], actors: [], wildcards: [] });
  });

  it("finds those that may act for them, and the wildcards", () => {
    const found = reach(grants, bots, service, ["gripper:actuate"]);
    assert.deepEqual(found.actors, ["gate/1"]);
    assert.deepEqual(found.wildcards, ["coffee/*"]);
  });

  it("finds every bot for no scope, and keeps to the callers", () => {
    assert.deepEqual(reach(grants, bots, service, []).direct, bots);
    const index = createReach(grants, bots);
    assert.deepEqual(index.reach(service, [], ["door/*", "coffee/2"]).direct, ["coffee/2", "door/1"]);
    assert.deepEqual(index.reach(service, ["gripper:actuate"], ["coffee/2"]).direct, ["coffee/2"]);
  });
});
