import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { shellWord } from "./shell-word.js";

describe("shellWord", () => {
  for (const text of [
    "gripper/1",
    "/home/ann/.interlock",
    "a b",
    "a#b c%41?[*]ü",
    'it\'s $HOME `id` "x" \\ ;&|<>',
    "~",
    "-x",
    "",
  ]) {
    it(`writes ${JSON.stringify(text)} so that a shell reads it as it is`, () => {
      const read = execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" });
      assert.equal(read, text);
    });
  }

  it("leaves names and paths alone", () => {
    for (const text of ["gripper/1", "/home/ann/.interlock/bots/gripper-1"]) assert.equal(shellWord(text), text);
  });
});
