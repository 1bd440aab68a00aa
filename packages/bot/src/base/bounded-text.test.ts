import assert from "node:assert/strict";
import { boundEncoded, boundUtf8 } from "./bounded-text.js";

describe("a bounded text", () => {
  it("is as it was where it fits", () => {
    for (const text of ["", "a".repeat(100), "ä".repeat(16), "🤖".repeat(8)])
      assert.equal(boundEncoded(text, 100), text);
    assert.equal(boundUtf8("ä".repeat(50), 100), "ä".repeat(50));
  });

  it("is cut at a character, with an ellipsis, as it is sent", () => {
    assert.equal(boundEncoded("a".repeat(101), 100), `${"a".repeat(91)}…`);
    assert.equal(boundUtf8("a".repeat(101), 100), `${"a".repeat(97)}…`);
    for (const character of ["a", " ", "%", "ä", "語", "🤖", "\n"]) {
      for (let maximum = 40; maximum < 60; maximum++) {
        const encoded = encodeURI(boundEncoded(character.repeat(1_000), maximum));
        assert.ok(encoded.length <= maximum && encoded.length > maximum - 12, `${encoded.length} of ${maximum}`);
        const bytes = Buffer.byteLength(boundUtf8(character.repeat(1_000), maximum));
        assert.ok(bytes <= maximum && bytes > maximum - 4, `${bytes} of ${maximum}`);
      }
    }
  });

  it("can be encoded, whatever it was", () => {
    for (const text of ["\ud83e", "a\udd16b", `${"a".repeat(50)}\ud83e`, "\ud83e".repeat(1_000), "🤖".repeat(1_000)]) {
      assert.doesNotThrow(() => encodeURI(boundEncoded(text, 100)));
      assert.ok(encodeURI(boundEncoded(text, 100)).length <= 100);
    }
  });

  it("costs nothing where it is very long", () => {
    const began = performance.now();
    boundEncoded("語".repeat(20_000_000), 2_048);
    assert.ok(performance.now() - began < 1_000);
  });
});
