import assert from "node:assert/strict";
import { unifiedDiff } from "./unified-diff.js";

describe("unifiedDiff", () => {
  it("writes what git apply takes", () => {
    const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"].map((line) => `${line}\n`);
    const after = [...before];
    after.splice(10, 1);
    after.splice(1, 1, "B\n", "BB\n");
    assert.equal(
      unifiedDiff("x/grants.yaml", before.join(""), after.join("")),
      "--- a/x/grants.yaml\n+++ b/x/grants.yaml\n" +
        "@@ -1,5 +1,6 @@\n a\n-b\n+B\n+BB\n c\n d\n e\n@@ -8,5 +9,4 @@\n h\n i\n j\n-k\n l\n",
    );
    assert.equal(unifiedDiff("x", "a\n", "a\n"), "");
    assert.equal(unifiedDiff("x", "", "a"), "--- a/x\n+++ b/x\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n");
  });

  it("turns the one text into the other, whatever they are", () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % below;
    };
    const text = () =>
      Array.from({ length: random(30) }, () => `${"abc"[random(3)]}${random(4)}`).join("\n") + "\n".repeat(random(2));
    for (let i = 0; i < 2_000; i++) {
      const [before, after] = [text(), text()];
      assert.equal(applied(before, unifiedDiff("x", before, after)), after);
    }
  });

  it("replaces what is too different as a whole, within a bound", () => {
    const lines = (mark: string) => Array.from({ length: 20_000 }, (_, i) => `${mark}${i}\n`).join("");
    const [before, after] = [`same\n${lines("a")}`, `same\n${lines("b")}`];
    assert.equal(applied(before, unifiedDiff("x", before, after)), after);
  });
});

/** Applies a unified diff, and checks its places and its context on the way. */
function applied(before: string, diff: string): string {
  const source = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const lines = diff.split("\n").slice(2, -1);
  const result: string[] = [];
  let at = 0;
  for (const [i, line] of lines.entries()) {
    const [, first, size] = /^@@ -(\d+),(\d+) /.exec(line) ?? [];
    if (first !== undefined) {
      const start = Number(first) - (size === "0" ? 0 : 1);
      result.push(...source.slice(at, start));
      at = start;
      continue;
    }
    if (line.startsWith("\\")) continue;
    const text = line.slice(1) + (lines[i + 1]?.startsWith("\\") ? "" : "\n");
    if (line[0] !== "+") assert.equal(source[at++], text);
    if (line[0] !== "-") result.push(text);
  }
  return [...result, ...source.slice(at)].join("");
}
