import assert from "node:assert/strict";
import fc from "fast-check";
import { ReceiveWindow, SendWindow } from "./flow-control.js";

describe("SendWindow", () => {
  it("can go below zero, and not beyond 2^31 - 1 (RFC 9113, sections 6.9.1 and 6.9.2)", () => {
    const window = new SendWindow(10);
    assert.ok(window.add(-30));
    assert.equal(window.bytes, -20);
    assert.ok(window.add(2 ** 31 - 1 + 20));
    assert.ok(!window.add(1));
  });
});

describe("ReceiveWindow", () => {
  it("is given back in portions of half its size", () => {
    const window = new ReceiveWindow(100);
    assert.ok(window.take(80));
    assert.equal(window.release(49), 0);
    assert.equal(window.release(1), 50);
    assert.equal(window.release(30), 0);
  });

  it("gives at the start what the other end does not know of", () => {
    assert.equal(new ReceiveWindow(200, 65).release(0), 135);
    assert.equal(new ReceiveWindow(100, 65).release(0), 0);
  });

  it("does not take more than it has given", () => {
    const window = new ReceiveWindow(100);
    assert.ok(window.take(100));
    assert.ok(!window.take(1));
  });

  it("takes more while the other end may not know its size", () => {
    const window = new ReceiveWindow(100, 100, 50);
    assert.ok(window.take(150));
    assert.ok(!window.take(1));
  });

  it("has room for what is expected, and gives back no more than its size afterwards", () => {
    const window = new ReceiveWindow(100);
    assert.ok(window.take(60));
    assert.equal(window.expect(40), 0);
    assert.equal(window.release(30), 0);
    assert.equal(window.expect(240), 200);
    assert.equal(window.release(30), 0);
    assert.ok(window.take(140));
    assert.equal(window.release(140), 0);
    assert.ok(window.take(100));
    assert.equal(window.release(49), 0);
    assert.equal(window.release(51), 100);
    assert.ok(window.take(100));
    assert.ok(!window.take(1));
  });

  it("never grows beyond its size and what is expected, whatever is said to have been dealt with", () => {
    const step = fc.record({ take: fc.nat(200), release: fc.nat(300), expect: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const size = 1_000;
        const window = new ReceiveWindow(size);
        let known = size; // What the other end may send.
        let expected = 0;
        for (const { take, release, expect } of steps) {
          const taken = Math.min(take, known);
          known -= taken;
          expected -= taken;
          assert.ok(window.take(taken));
          known += window.release(release);
          assert.ok(known <= Math.max(size, expected));
          if (expect > 1_000) {
            known += window.expect(expect);
            expected = Math.max(expected, expect);
            assert.ok(known >= expect);
          }
          assert.ok(known <= Math.max(size, expected));
        }
      }),
    );
  });
});
