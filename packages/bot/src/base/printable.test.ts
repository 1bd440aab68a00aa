import assert from "node:assert/strict";
import { printable } from "./printable.js";

describe("printable", () => {
  for (const [what, text, shown] of [
    ["the clipboard (OSC 52)", "a\x1b]52;c;ZXZpbA==\x07b", "a\\u001b]52;c;ZXZpbA==\\u0007b"],
    ["the screen (CSI)", "\x1b[2J\x1b[H", "\\u001b[2J\\u001b[H"],
    ["the same in one C1 character", "\u009b2J\u009d52;\u0085", "\\u009b2J\\u009d52;\\u0085"],
    ["the line", "good\rbad\b\t\n", "good\\u000dbad\\u0008\\u0009\\u000a"],
    ["DEL and NUL", "\x7f\0", "\\u007f\\u0000"],
    ["the order of the text", "\u202eabc\u2066\u2069\u200f\u061c", "\\u202eabc\\u2066\\u2069\\u200f\\u061c"],
    ["what is seen", "a\u200bb\ufeff\u{e0041}", "a\\u200bb\\ufeff\\udb40\\udc41"],
    ["lines", "a\u2028b\u2029", "a\\u2028b\\u2029"],
    ["half a character", "\ud800", "\\ud800"],
    ["nothing", 'Grüße, 猫 🤖 "ok"', 'Grüße, 猫 🤖 "ok"'],
  ] as const) {
    it(`writes out what would change ${what}`, () => assert.equal(printable(text), shown));
  }

  it("stays within JSON, with the same meaning", () => {
    const value = { text: "\u009b2J\x7f\u202e\x1b \u{e0041}" };
    const json = printable(JSON.stringify(value));
    assert.deepEqual(JSON.parse(json), value);
    assert.match(json, /^[\x20-\x7e]*$/);
  });

  it("keeps line feeds where they are wanted", () => {
    assert.equal(printable("a\nb\x1b\r\n", { lines: true }), "a\nb\\u001b\\u000d\n");
  });
});
