import assert from "node:assert/strict";
import { readYaml } from "./read-yaml.js";

describe("readYaml", () => {
  it("looks at no more than 16 levels: the parser would take them from the stack", () => {
    const nested = (levels: number) => Array.from({ length: levels }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
    const deep = [
      "- ".repeat(500_000),
      "? ".repeat(500_000),
      `a: ${"- ".repeat(100_000)}`,
      nested(17),
      nested(1_400),
      Array.from({ length: 900 }, (_, i) => `${"  ".repeat(i)}- a:`).join("\n"),
      "[".repeat(1_000_000),
    ];
    for (const text of deep) {
      const { root, faults } = readYaml(text, "p");
      assert.equal(root, undefined);
      assert.match(faults.join("\n"), /^p:1:1: has more than 16 (levels|brackets within each other)$/);
    }
    const sound = [
      nested(16),
      "- - - [a, { b: c }]\n",
      "a:\n  b:\n    c: 1\nd:\n  e:\n".repeat(1),
      `a: |\n${Array.from({ length: 40 }, (_, i) => `${" ".repeat(i + 2)}b`).join("\n")}\nc: 1\n`,
      `a: { ${Array.from({ length: 40 }, (_, i) => `k${i}: ${i}`).join(", ")} }`,
      Array.from({ length: 40 }, (_, i) => `${" ".repeat(i)}# comment`).join("\n"),
    ];
    for (const text of sound) assert.deepEqual(readYaml(text, "p").faults, []);
  });
});
