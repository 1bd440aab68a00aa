import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./source-graph.js";
import { mayImport } from "./tables.js";

const pageAt = (path: string) => readFileSync(join(root, path), "utf8");

describe("what the pages say of the packages", () => {
  it("ARCHITECTURE.md has a row for each published package, with the imports of the table here", () => {
    const rows = [
      ...pageAt("ARCHITECTURE.md").matchAll(/^\| `(@interlock\/[a-z]+|protoc-gen-interlock)` +\|.*\| (.*?) +\|$/gm),
    ];
    const listed = rows.map(([, name = "", imports = ""]) => [name, imports.split(", ").sort().join(", ")]);
    const published = Object.entries(mayImport).filter(([name]) => !/^@interlock\/(testing-.*|test|bench)$/.test(name));
    const expected = published.map(([name, imports]) => [
      name,
      imports.includes("*")
        ? "all of them"
        : imports
            .map((one) => one.replace("@interlock/", ""))
            .sort()
            .join(", ") || "–",
    ]);
    assert.deepEqual(new Map(listed as [string, string][]), new Map(expected as [string, string][]));
  });

  it("CONTRIBUTING.md says of each package and example what it is", () => {
    const page = pageAt("CONTRIBUTING.md");
    const folders = ["packages", "examples", "testing"].flatMap((parent) =>
      readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
    );
    assert.deepEqual(
      folders.filter((folder) => !page.includes(`\n${folder} `)),
      [],
    );
  });
});
