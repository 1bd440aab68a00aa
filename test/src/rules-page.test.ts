import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rulesDocument } from "@interlock/audit";
import { root } from "./structure/source-graph.js";

describe("docs/rules.md", () => {
  it("is what the rules say of themselves", () => {
    const path = join(root, "docs/rules.md");
    const written = readFileSync(path, "utf8");
    if (process.env.UPDATE_DOCS) writeFileSync(path, rulesDocument());
    else assert.equal(written, rulesDocument(), "Write it again: UPDATE_DOCS=1 npx mocha test/dist/rules-page.test.js");
  });
});
