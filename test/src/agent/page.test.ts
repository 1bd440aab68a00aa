import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";

describe("docs/agent.md", () => {
  it("shows how a client of go-spiffe connects, as the program does that is tested", async () => {
    const page = await readFile(join(root, "docs/agent.md"), "utf8");
    const program = await readFile(join(root, "test/src/agent/member/call.go"), "utf8");
    const block = readBlocks(page).find(({ language, text }) => language === "go" && text.startsWith("func dial"));
    assert.ok(block && program.includes(block.text));
  });
});
