import assert from "node:assert/strict";
import { SingleRequestMeter } from "./single-request-meter.js";

describe("the meter of a request with one message", () => {
  const frame = 128;

  function metered(bytesPerPeer = 100_000) {
    const load = { calls: 1, bytes: 0 };
    return { load, meter: new SingleRequestMeter(load, 1_000, bytesPerPeer) };
  }

  it("holds what has arrived until the handler takes it, or the call ends", () => {
    const { load, meter } = metered();
    assert.equal(meter.received(505), undefined);
    assert.equal(meter.received(500), undefined, "a head, and the longest message");
    assert.equal(load.bytes, 1_005 + 2 * frame);
    meter.close();
    meter.close();
    assert.equal(load.bytes, 0);
  });

  it("counts what is held, and what comes, for another bot from then on", () => {
    const { load, meter } = metered();
    const other = { calls: 1, bytes: 7 };
    meter.received(100);
    meter.charge(other);
    meter.received(50);
    assert.deepEqual([load.bytes, other.bytes], [0, 7 + 150 + 2 * frame]);
    meter.close();
    assert.deepEqual([load.bytes, other.bytes], [0, 7]);
  });

  it("refuses a message that is too long, one in too many pieces, and more than a bot may have", () => {
    assert.equal(metered().meter.received(1_006), "REQUEST_TOO_LARGE");
    const { meter } = metered();
    const faults = Array.from({ length: 66 }, () => meter.received(1));
    assert.equal(faults.findIndex(Boolean), 64);
    assert.equal(faults[64], "REQUEST_IN_PIECES");
    assert.equal(metered(500).meter.received(400), "REQUEST_BYTES_LIMIT");
  });
});
