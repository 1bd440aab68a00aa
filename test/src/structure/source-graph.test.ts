import assert from "node:assert/strict";
import { findCycles } from "./find-cycles.js";
import { importsOf } from "./source-graph.js";

describe("source graph", () => {
  it("finds every form of import, and distinguishes type-only imports", () => {
    // Indented, so that this text does not count as imports of this file.
    const source = [
      'import "a";',
      'import b, { b2 } from "b";',
      "import {",
      "  type c1,",
      "  c2,",
      '} from "c";',
      'import type { D } from "d";',
      "import { type E1, type E2 } from 'e';",
      'export { f } from "./f.js";',
      'export type * from "g";',
      'export const h = "from nowhere";',
      'const { i } = await import("./i.js");',
    ].join("\n");
    const found = importsOf(source).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? " (types)" : ""}`);
    assert.deepEqual(found, ["a", "b", "c", "d (types)", "e (types)", "./f.js", "g (types)", "./i.js"]);
  });

  it("finds circles", () => {
    const graph = { a: ["b"], b: ["c"], c: ["a", "d"], d: ["d"] };
    assert.deepEqual(findCycles(new Map(Object.entries(graph))), ["a → b → c → a", "d → d"]);
  });
});
