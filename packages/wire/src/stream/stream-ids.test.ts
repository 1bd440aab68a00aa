import assert from "node:assert/strict";
import { maximumInteger } from "../frame/kinds.js";
import { StreamIds } from "./stream-ids.js";

describe("StreamIds", () => {
  it("takes odd ones for a client", () => {
    const ids = new StreamIds(false);
    assert.deepEqual([ids.take(), ids.take()], [1, 3]);
    assert.ok(!ids.isIdle(3) && ids.isIdle(5) && ids.isIdle(2));
    assert.ok(ids.isOfPeer(2) && !ids.isOfPeer(1));
  });

  it("knows which ones a client has opened", () => {
    const ids = new StreamIds(true);
    assert.ok(ids.isIdle(1) && ids.isIdle(2));
    ids.lastOfPeer = 7;
    assert.ok(!ids.isIdle(5) && !ids.isIdle(7) && ids.isIdle(9) && ids.isIdle(2));
  });

  it("runs out after 2^31 - 1", () => {
    const ids = new StreamIds(false, maximumInteger);
    assert.ok(!ids.usedUp);
    assert.equal(ids.take(), maximumInteger);
    assert.ok(ids.usedUp);
  });
});
