import assert from "node:assert/strict";
import { createPeerLoads } from "./peer-load.js";

describe("the loads of peers", () => {
  it("are one for a bot's connections and the calls that are made for it, and are forgotten with the last of them", () => {
    const loads = createPeerLoads();
    const load = loads.join("a");
    load.calls = 3;
    assert.equal(loads.join("a"), load);
    assert.notEqual(loads.join("b"), load);
    loads.leave("a");
    assert.equal(loads.join("a"), load, "one is left");
    loads.leave("a");
    loads.leave("a");
    assert.equal(loads.size, 1);
    assert.equal(loads.join("a").calls, 0);
  });
});
