import assert from "node:assert/strict";
import { fakeTimeouts } from "../testing/index.js";
import { Patience } from "./patience.js";

describe("Patience", () => {
  let timeouts: ReturnType<typeof fakeTimeouts>;
  let ends: number;
  beforeEach(() => {
    timeouts = fakeTimeouts();
    ends = 0;
  });
  afterEach(() => timeouts.restore());

  it("ends after its time, counted from the first start", () => {
    const patience = new Patience(100, () => ends++);
    patience.start();
    timeouts.pass(60);
    patience.start();
    timeouts.pass(39);
    assert.equal(ends, 0);
    timeouts.pass(1);
    assert.equal(ends, 1);
    timeouts.pass(1_000);
    assert.equal(ends, 1);
  });

  it("does not end once it was stopped, and can start again", () => {
    const patience = new Patience(100, () => ends++);
    patience.start();
    timeouts.pass(99);
    patience.stop();
    patience.stop();
    timeouts.pass(1_000);
    assert.equal(ends, 0);
    patience.start();
    timeouts.pass(99);
    assert.equal(ends, 0);
    timeouts.pass(1);
    assert.equal(ends, 1);
  });
});
