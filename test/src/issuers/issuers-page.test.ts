import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";
import { rows } from "./matrix.js";

describe("docs/issuers.md", () => {
  const page = readFileSync(join(root, "docs/issuers.md"), "utf8");
  const blocks = readBlocks(page);

  it("quotes the settings of oidc-provider that the tests use", () => {
    const source = readFileSync(join(root, "test/src/issuers/oidc-provider-settings.ts"), "utf8");
    const quotes = blocks.filter(({ text }) => text.startsWith("export function"));
    assert.equal(quotes.length, 1);
    for (const { text, line } of quotes) assert.ok(source.includes(text), `line ${line} is no quote`);
  });

  it("has every row of the matrix, and no other", () => {
    const [table, ...more] = blocks.filter(({ language, text }) => language === "text" && /^feature /m.test(text));
    assert.ok(table && more.length === 0);
    const [, ...lines] = table.text.split("\n");
    const names = lines.map((line) => line.replace(/^(feature|attack) +/, "").replace(/ {2,}.*$/, ""));
    assert.deepEqual(
      names,
      rows.map(({ row }) => row.name),
    );
  });

  it("names the versions that are tested", () => {
    const installed = readFileSync(new URL("../package.json", import.meta.resolve("oidc-provider")), "utf8");
    const fetched = /version = "(.+)"/.exec(readFileSync(join(root, "scripts/keycloak.mjs"), "utf8"))?.[1];
    assert.ok(page.includes(`oidc-provider ${JSON.parse(installed).version}`));
    assert.ok(page.includes(`Keycloak ${fetched}`));
  });
});
