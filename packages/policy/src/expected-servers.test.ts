import assert from "node:assert/strict";
import { expectedServers, mayCallDirectly, mayOffer } from "./expected-servers.js";

const direct = { servedBy: ["gripper/*"] };
const behind = { servedBy: ["gripper/*"], via: ["gateway/*", "edge/**"] };

describe("the bots at which a service is called", () => {
  it("are those that serve it, where it has no gateway", () => {
    for (const via of [undefined, []]) {
      assert.deepEqual(expectedServers({ ...direct, ...(via && { via }) }, "coffee/1"), ["gripper/*"]);
    }
  });

  it("are its gateways for every bot but them", () => {
    assert.deepEqual(expectedServers(behind, "coffee/1"), behind.via);
    assert.deepEqual(expectedServers(behind), behind.via);
    assert.deepEqual(expectedServers(behind, "gripper/1"), behind.via);
    for (const gateway of ["gateway/1", "edge/a/b"]) assert.deepEqual(expectedServers(behind, gateway), ["gripper/*"]);
  });

  it("may be called directly by anyone, or by its gateways alone", () => {
    for (const via of [undefined, []]) assert.ok(mayCallDirectly(via, "coffee/1"));
    assert.ok(mayCallDirectly(behind.via, "gateway/1"));
    for (const other of ["coffee/1", "gateway", "gateway/1/2", "gripper/1", ""]) {
      assert.ok(!mayCallDirectly(behind.via, other), other);
    }
  });

  it("are accepted by callers as its servers or its gateways", () => {
    assert.ok(mayOffer(direct, "gripper/1"));
    assert.ok(!mayOffer(direct, "gateway/1"));
    assert.ok(mayOffer(behind, "gripper/1"));
    assert.ok(mayOffer(behind, "gateway/1"));
    assert.ok(!mayOffer(behind, "coffee/1"));
    assert.ok(mayOffer({ servedBy: [] }, "coffee/1"));
  });
});
