import assert from "node:assert/strict";
import { createRateLimiter } from "./rate-limiter.js";

describe("a rate limiter", () => {
  /** How many of `times` are allowed at `now`. */
  function count(limiter: ReturnType<typeof createRateLimiter>, key: string, now: number, times = 20): number {
    return Array.from({ length: times }, () => limiter.take(key, now)).filter((wait) => wait === 0).length;
  }

  it("allows a burst, tells when to come again, and allows as many as the rate gives; other keys are apart", () => {
    const limiter = createRateLimiter({ burst: 20, perSecond: 2 });
    assert.equal(count(limiter, "a", 0, 30), 20);
    assert.equal(limiter.take("a", 0), 500);
    assert.equal(limiter.take("a", 300), 200);
    assert.equal(limiter.take("b", 300), 0);
    assert.equal(limiter.take("a", 500), 0);
    assert.equal(limiter.take("a", 500), 500);
    assert.equal(count(limiter, "a", 1_000_000, 30), 20, "no more than the burst is saved up");
  });

  it("takes more than one, and after more than the burst makes up for it", () => {
    const limiter = createRateLimiter({ burst: 20, perSecond: 2 });
    assert.equal(limiter.take("a", 0, 15), 0);
    assert.equal(limiter.take("a", 0, 6), 500);
    assert.equal(limiter.take("a", 0, 5), 0);
    assert.equal(limiter.take("a", 0, 50), 10_000);
    assert.equal(limiter.take("a", 10_000, 50), 0);
    assert.equal(limiter.take("a", 10_000), 15_500);
  });

  it("peeks without taking, and does not remember the key", () => {
    const limiter = createRateLimiter({ burst: 1, perSecond: 1 }, 1);
    assert.equal(limiter.peek("a", 0), 0);
    assert.equal(limiter.peek("a", 0), 0);
    assert.equal(limiter.take("a", 0), 0);
    assert.equal(limiter.peek("b", 0), 0);
    assert.equal(limiter.peek("a", 0), 1_000);
    assert.equal(limiter.peek("a", 400), 600);
    assert.equal(limiter.take("a", 1_000), 0);
  });

  it("makes the wait no longer for a key that continues, nor when the clock is set back", () => {
    const limiter = createRateLimiter({ burst: 20, perSecond: 2 });
    count(limiter, "a", 10_000, 1_000);
    assert.equal(limiter.peek("a", 10_000), 500);
    assert.equal(limiter.peek("a", 0), 500);
    assert.equal(limiter.peek("a", 10_500), 0);
    count(limiter, "a", 10_500, 1_000);
    assert.equal(limiter.take("a", 0), 500);
  });

  describe("at its bound", () => {
    it("remembers 10,000 keys, and forgets the one used longest ago of those that are as empty", () => {
      const limiter = createRateLimiter({ burst: 1, perSecond: 1 });
      for (let i = 0; i < 10_000; i++) assert.equal(limiter.take(`${i}`, 0), 0);
      assert.equal(limiter.peek("0", 0), 1_000);
      assert.equal(limiter.take("one more", 0), 0);
      assert.equal(limiter.peek("0", 0), 0);
      assert.equal(limiter.peek("1", 0), 1_000);
    });

    it("does not forget a key that continues, even if it is refused", () => {
      const limiter = createRateLimiter({ burst: 1, perSecond: 0.001 }, 100);
      assert.equal(limiter.take("flood", 0), 0);
      for (let i = 0; i < 1_000; i++) {
        assert.equal(limiter.take(`other/${i}`, 0), 0);
        if (i % 50 === 0) assert.notEqual(limiter.take("flood", 0), 0);
      }
      assert.notEqual(limiter.peek("flood", 0), 0);
    });

    it("does not evict an empty bucket for many keys that are used once", () => {
      const limiter = createRateLimiter({ burst: 20, perSecond: 0.001 }, 100);
      count(limiter, "empty", 0);
      for (let i = 0; i < 1_000; i++) limiter.take(`once/${i}`, 0);
      assert.notEqual(limiter.peek("empty", 0), 0);
    });

    it("compares the eight buckets that were used longest ago, and no others", () => {
      const limiter = createRateLimiter({ burst: 5, perSecond: 0.001 }, 9);
      for (let i = 1; i <= 7; i++) count(limiter, `empty/${i}`, 0);
      limiter.take("eighth", 0);
      limiter.take("ninth", 0);
      limiter.take("new", 0);
      assert.equal(count(limiter, "eighth", 0), 5, "it was the fullest of the eight, and was forgotten");
      // One that was used later stays, though it is fuller.
      const other = createRateLimiter({ burst: 5, perSecond: 0.001 }, 9);
      for (let i = 1; i <= 8; i++) count(other, `empty/${i}`, 0);
      other.take("ninth", 0);
      other.take("new", 0);
      assert.equal(count(other, "ninth", 0), 4);
    });

    it("forgets a bucket that is full again before one that is not, and no more than one", () => {
      const limiter = createRateLimiter({ burst: 10, perSecond: 1 }, 3);
      count(limiter, "empty", 0);
      limiter.take("full again", 0);
      limiter.take("fuller than empty", 4_500);
      count(limiter, "new", 5_000, 10);
      assert.equal(limiter.take("empty", 5_000), 0, "it had five, and one is taken");
      assert.equal(count(limiter, "empty", 5_000), 4);
      assert.equal(count(limiter, "fuller than empty", 5_000), 9);
      assert.equal(count(limiter, "new", 5_000), 0);
    });
  });
});
