import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import { publishedPackages } from "./published-packages.js";
import { root } from "./structure/source-graph.js";

const unbundled = "interlock-unbundled";

interface Entries {
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly publishConfig?: { readonly exports?: Entries["exports"] };
}

/** The names that the classes of a module have themselves. */
function classesOf(module: object): string[] {
  return Object.values(module)
    .filter((value) => /^class\b/.test(String(value)))
    .map(({ name }) => name);
}

const bundled = publishedPackages()
  .map(({ folder }) => ({
    folder: join(root, folder),
    json: JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Entries,
  }))
  .filter(({ json }) => Object.values(json.exports ?? {}).some((targets) => targets[unbundled] !== undefined));

// Packages are loaded as bundles (scripts/bundle.mjs), and their own tests load the files that were bundled.
describe("the bundles of packages", () => {
  for (const { folder, json } of bundled) {
    const name = folder.slice(root.length + 1);

    it(`${name}: has every entry, with the names that it exports unbundled`, async () => {
      for (const [entry, { [unbundled]: file = "", default: bundle = "" }] of Object.entries(json.exports ?? {})) {
        const [small, whole] = await Promise.all([file, bundle].map((path) => import(join(folder, path))));
        assert.deepEqual(Object.keys(whole), Object.keys(small), entry);
        assert.deepEqual(classesOf(whole), classesOf(small), entry);
      }
    });

    it(`${name}: publishes the same entries, except those for our tests, and only as bundles`, () => {
      const expected = Object.entries(json.exports ?? {})
        .filter(([entry]) => entry !== "./testing")
        .map(([entry, { [unbundled]: _, ...targets }]) => [entry, targets]);
      assert.deepEqual(json.publishConfig?.exports, Object.fromEntries(expected));
    });

    it(`${name}: has only code of this package in them, and maps to its sources`, () => {
      const bundle = join(folder, "dist/bundle");
      const maps = readdirSync(bundle).filter((file) => file.endsWith(".map"));
      assert.ok(maps.length > 0);
      const sources = maps.flatMap((map): string[] => JSON.parse(readFileSync(join(bundle, map), "utf8")).sources);
      assert.deepEqual(
        sources.filter((source) => !source.startsWith("../../src/")),
        [],
      );
    });
  }

  // With `keepNames`, esbuild has each function named again whenever it is made: an eighth of what a call costs a server.
  it("name nothing while calls are served", () => {
    for (const { folder } of bundled) {
      const bundle = join(folder, "dist/bundle");
      for (const file of readdirSync(bundle).filter((name) => name.endsWith(".js"))) {
        assert.doesNotMatch(readFileSync(join(bundle, file), "utf8"), /\b__name\(/, join(bundle, file));
      }
    }
  });

  it("have each class once, whichever entry it comes from", () => {
    const error = denial("SCOPE_MISSING", "for this test");
    assert.ok(error instanceof InterlockError);
    assert.equal(error.constructor.name, "InterlockError");
  });

  it("load no OpenTelemetry, no SQL and no X.509 library for @interlock/bot and @interlock/authority", () => {
    const script = `
      await import("@interlock/bot");
      await import("@interlock/authority");
      const { createRequire } = await import("node:module");
      console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));
    `;
    const args = ["--input-type=module", "--eval", script];
    const loaded: string[] = JSON.parse(
      execFileSync(process.execPath, args, { cwd: join(root, "test"), encoding: "utf8" }),
    );
    assert.ok(loaded.some((file) => file.includes("grpc-js")));
    assert.deepEqual(
      loaded.filter((file) => /opentelemetry|libsql|[\\/]pg[\\/]|peculiar|reflect-metadata/.test(file)),
      [],
    );
  });
});
