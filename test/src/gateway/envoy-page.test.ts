import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../structure/source-graph.js";
import { answerTable, differences } from "./answer-table.js";

describe("docs/envoy.md", () => {
  it("lists the rows of the contract that Envoy answers in another way, as they are played", () => {
    const page = readFileSync(join(root, "docs/envoy.md"), "utf8");
    const section = page.slice(page.indexOf("## What is answered in another way"));
    const rows = section
      .split("\n")
      .filter((line) => /^\| *\d/.test(line))
      .map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    assert.deepEqual(rows, differences(answerTable));
  });
});
