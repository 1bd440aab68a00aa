import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findQuote } from "./find-quote.js";
import { readBlocks } from "./markdown-blocks.js";
import { root } from "./structure/source-graph.js";

describe("packages/database/README.md", () => {
  it("has an example that prints what it shows", async () => {
    const blocks = readBlocks(readFileSync(join(root, "packages/database/README.md"), "utf8"));
    const textOf = (language: string) => blocks.find((block) => block.language === language)?.text ?? "";
    assert.equal(findQuote(textOf("ts")), "test/src/readme/database.ts");
    const folder = await mkdtemp(join(tmpdir(), "interlock-database-readme-"));
    const environment = { ...process.env };
    delete environment.INVENTORY;
    const example = join(import.meta.dirname, "readme", "database.js");
    const { stdout } = await promisify(execFile)(process.execPath, [example], { cwd: folder, env: environment });
    assert.equal(stdout.trim(), textOf("text"));
    await rm(folder, { recursive: true });
  });
});
