import assert from "node:assert/strict";
import { X509SVID } from "../gen/spiffe/workload/workload.js";
import { chooseSvid } from "./choose-svid.js";

const svid = (name: string, hint = "") => X509SVID.fromPartial({ spiffeId: `spiffe://cafe/${name}`, hint });
const [arm, hand, inner] = [svid("arm/1"), svid("hand/1"), svid("arm/1", "inner")] as const;

describe("the choice of an identity", () => {
  it("is the only one, or the one that is named", () => {
    assert.equal(chooseSvid([arm], {}), arm);
    assert.equal(chooseSvid([arm, hand], { spiffeId: "spiffe://cafe/hand/1" }), hand);
    assert.equal(chooseSvid([hand, inner], { hint: "inner" }), inner);
    assert.equal(chooseSvid([arm, inner], { spiffeId: "spiffe://cafe/arm/1", hint: "inner" }), inner);
  });

  it("is the first of those with one SPIFFE ID, or one hint of it", () => {
    assert.equal(chooseSvid([arm, inner], {}), arm);
  });

  it("is never a guess: what is offered is named, and no waiting helps", () => {
    assert.throws(() => chooseSvid([arm, hand], {}), {
      isFinal: true,
      message: "it offers several: spiffe://cafe/arm/1, spiffe://cafe/hand/1",
    });
    const twice = [svid("a", "x"), svid("b", "x")];
    assert.throws(() => chooseSvid(twice, { hint: "x" }), {
      isFinal: true,
      message: /a \(hint "x"\), .*b \(hint "x"\)$/,
    });
  });

  it("says what is offered instead, and may be waited for", () => {
    assert.throws(() => chooseSvid([arm], { spiffeId: "spiffe://cafe/b" }), {
      isFinal: false,
      message: "it offers spiffe://cafe/arm/1, and not spiffe://cafe/b",
    });
    assert.throws(() => chooseSvid([], { hint: "x" }), {
      isFinal: false,
      message: 'it offers nothing, and not the hint "x"',
    });
    assert.throws(() => chooseSvid([], {}), { isFinal: false, message: "it offers none" });
  });

  it("names eight at most, in a form that a terminal can show", () => {
    const many = Array.from({ length: 20 }, (_, i) => svid(`a/${i}`));
    assert.throws(() => chooseSvid(many, {}), /a\/7, 12 more$/);
    assert.throws(() => chooseSvid([svid("\u001b[2J"), arm], {}), /\\u001b/);
    assert.throws(() => chooseSvid(Array(257).fill(arm), {}), /more than 256/);
  });
});
