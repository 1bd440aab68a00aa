import assert from "node:assert/strict";
import { fuzzWire } from "./fuzz-wire.js";

// A part of what `npm run fuzz -- wire` does, another part each time.
const seed = Number(process.env.INTERLOCK_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`frames, sound and wrong, INTERLOCK_FUZZ_SEED=${seed}`, function () {
  this.timeout(120_000);

  it("harm no neighbor, and leave nothing behind", async () => {
    const { problems, frames, ends, neighbor } = await fuzzWire(seed, 100_000);
    assert.deepEqual(problems, []);
    assert.equal(frames, 100_000);
    assert.ok(neighbor.calls >= 20, `${neighbor.calls} calls`);
    // Honest ends, faults of the protocol, of flow control, of compression, and floods.
    assert.ok(Object.keys(ends).length >= 4, JSON.stringify(ends));
  });
});
