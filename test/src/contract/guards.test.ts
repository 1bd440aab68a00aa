import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../structure/source-graph.js";
import { guards } from "./guards.js";

// Taking all guards away takes half an hour; this tells at once of one that was moved or reworded.
describe("the guards of the contract", () => {
  it("each stand exactly once in the compiled file that is named, and are taken away by what replaces them", () => {
    const faults = guards.flatMap(({ row, guard, patches }) =>
      patches.flatMap(({ file, find, replace }) => {
        const path = join(root, "packages", file);
        if (!existsSync(path)) return [`row ${row}, ${guard}: there is no ${file}`];
        const times = readFileSync(path, "utf8").split(find).length - 1;
        if (times !== 1) return [`row ${row}, ${guard}: "${find}" stands ${times} times in ${file}`];
        return find === replace ? [`row ${row}, ${guard}: the replacement changes nothing`] : [];
      }),
    );
    assert.deepEqual(faults, []);
    assert.ok(guards.every(({ patches }) => patches.length > 0));
  });
});
