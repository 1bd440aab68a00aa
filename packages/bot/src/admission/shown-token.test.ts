import assert from "node:assert/strict";
import { shownToken, showsToken } from "./shown-token.js";

describe("the token that a call shows", () => {
  const shown = (authorization: string[], references: string[] = []) => ({ authorization, references });

  it("is the whole one, or the reference to one", () => {
    assert.equal(shownToken(shown(["Bearer a"])), "Bearer a");
    assert.equal(shownToken(shown([], ["abc"])), "abc");
  });

  it("is refused when it is not there, or more than once, under one name or both", () => {
    assert.throws(() => shownToken(shown([])), { reason: "TOKEN_MISSING" });
    for (const twice of [
      shown(["Bearer a", "Bearer a"]),
      shown([], ["Bearer a", "Bearer a"]),
      shown(["Bearer a"], ["Bearer a"]),
    ]) {
      assert.throws(() => shownToken(twice), { reason: "TOKEN_DUPLICATED" });
    }
  });

  it("is known to be there, sound or not", () => {
    assert.equal(showsToken(shown([])), false);
    assert.equal(showsToken(shown([""])), true);
    assert.equal(showsToken(shown([], [""])), true);
  });
});
