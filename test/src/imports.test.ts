import assert from "node:assert/strict";
import { builtinModules } from "node:module";
import { findCycles } from "./find-cycles.js";
import { readWorkspace, resolveImport, type SourceFile, type WorkspacePackage } from "./source-graph.js";

const everything = ["*"];

// "Packages, and who may import whom", ARCHITECTURE.md.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@interlock/policy": [],
  "@interlock/testing-postgres": [],
  "protoc-gen-interlock": ["@interlock/policy"],
  "@interlock/bot": ["@interlock/policy", "@interlock/wire"],
  "@interlock/wire": [],
  "@interlock/database": ["@interlock/bot"],
  "@interlock/authority": ["@interlock/bot", "@interlock/policy", "@interlock/database"],
  "@interlock/swarm": ["@interlock/bot", "@interlock/policy", "@interlock/database"],
  "@interlock/gateway": ["@interlock/bot", "@interlock/policy", "@interlock/wire"],
  "@interlock/audit": ["@interlock/bot", "@interlock/policy"],
  "@interlock/cli": everything,
  "@interlock/test": everything,
  "@interlock/bench": everything,
};

/** The parts of a package, from left to right: a file imports only files of its own place and of places before it. */
type Order = readonly (readonly string[])[];

// "Inside `@interlock/…`", ARCHITECTURE.md. A part is a folder or a file below `src`, for example `worker/job`.
const orders: Readonly<Record<string, Order>> = {
  "@interlock/bot": [
    ["base"],
    ["identity"],
    ["trust", "token"],
    ["admission", "context"],
    ["listener"],
    ["server", "client"],
    ["telemetry"],
    ["membership", "bot"],
    ["providers"],
    ["fleet"],
    ["index", "internal", "protocol"],
  ],
  "@interlock/authority": [
    ["names", "coalesce", "rate-limit"],
    ["store"],
    ["audit-log", "key-vault"],
    ["ca"],
    ["grants", "own-identity"],
    ["trust-hub"],
    ["revocations", "telemetry"],
    ["join-tokens"],
    ["enrollment"],
    ["tokens", "reports"],
    ["services", "http"],
    ["options", "prune"],
    ["backup", "housekeeping"],
    ["parts"],
    ["servers"],
    ["authority"],
    ["index"],
  ],
};

// Packages in which not even type-only imports go in circles.
const withoutTypeCircles: readonly string[] = ["@interlock/authority", "@interlock/cli", "@interlock/policy"];

const workspace = readWorkspace();
const byName = new Map(workspace.map((found) => [found.name, found]));
const packageOf = (specifier: string) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isOurs = (name: string) => name.startsWith("@interlock/") || name === "protoc-gen-interlock";
const isTest = ({ path }: SourceFile) => /\.test\.|\/testing\//.test(path);

// What tests stand on is a development dependency, and nothing else imports it.
const forTests = (where: string, to: string) =>
  to.startsWith("@interlock/testing-") && (where === "devDependencies" || isTest({ path: where, imports: [] }));

function allowed(importer: string): (name: string) => boolean {
  const row = importer.startsWith("@interlock/example-") ? everything : mayImport[importer];
  assert.ok(row, `${importer} is not in the table`);
  return (name) => row === everything || row.includes(name);
}

describe("who may import whom", () => {
  it("imports only the packages that the table allows", () => {
    const faults = workspace.flatMap(({ name, dependencies, devDependencies, files }) => {
      const may = allowed(name);
      const declared = [...dependencies].map(
        (to) => [devDependencies.has(to) ? "devDependencies" : "package.json", to] as const,
      );
      const imported = files.flatMap(({ path, imports }) =>
        imports.map((i) => [path, packageOf(i.specifier)] as const),
      );
      return [...declared, ...imported]
        .filter(([where, to]) => isOurs(to) && to !== name && !may(to) && !forTests(where, to))
        .map(([where, to]) => `${name} must not import ${to} (${where})`);
    });
    assert.deepEqual(faults, []);
  });

  it("enters a package by its entry points, and never by its files", () => {
    const faults = workspace.flatMap(({ folder, files }) =>
      files.flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier }) =>
            specifier.startsWith(".")
              ? !resolveImport(path, specifier).startsWith(`${folder}/`)
              : isOurs(packageOf(specifier)) && !byName.get(packageOf(specifier))?.entryPoints.has(specifier),
          )
          .map(({ specifier }) => `${path} imports ${specifier}`),
      ),
    );
    assert.deepEqual(faults, []);
  });

  it("declares every package that it imports", () => {
    const builtIn = new Set(builtinModules);
    const faults = workspace.flatMap(({ name, dependencies, files }) =>
      files.flatMap(({ path, imports }) =>
        imports
          .map(({ specifier }) => specifier)
          .filter((to) => !to.startsWith(".") && !to.startsWith("node:") && !builtIn.has(to))
          .map(packageOf)
          .filter((to) => to !== name && !dependencies.has(to))
          .map((to) => `${path} imports ${to}, which ${name} does not declare`),
      ),
    );
    assert.deepEqual(faults, []);
  });

  it("publishes nothing that needs a development dependency", () => {
    const faults = workspace
      .filter(({ folder }) => folder.startsWith("packages/"))
      .flatMap(({ devDependencies, files }) =>
        files
          .filter((file) => !isTest(file))
          .flatMap(({ path, imports }) =>
            imports
              .filter(({ specifier }) => devDependencies.has(packageOf(specifier)))
              .map(({ specifier }) => `${path} imports ${specifier}`),
          ),
      );
    assert.deepEqual(faults, []);
  });

  it("goes in no circles, neither between packages nor between files", () => {
    const packages = new Map(workspace.map(({ name, dependencies }) => [name, [...dependencies].filter(isOurs)]));
    assert.deepEqual(findCycles(packages), []);
    const graph = workspace.flatMap(({ name, files }) =>
      files.map(({ path, imports }) => {
        const near = imports.filter(
          ({ specifier, typeOnly }) => specifier.startsWith(".") && (!typeOnly || withoutTypeCircles.includes(name)),
        );
        return [path, near.map(({ specifier }) => resolveImport(path, specifier))] as const;
      }),
    );
    assert.deepEqual(findCycles(new Map(graph)), []);
  });

  for (const [name, order] of Object.entries(orders)) {
    it(`keeps the order within ${name}`, () => {
      const found = byName.get(name);
      assert.ok(found, `${name} is not in the workspace`);
      assert.deepEqual(orderFaults(found, order), []);
    });
  }
});

/** The files of a package that have no place in its order, and the imports that go from left to right. */
function orderFaults({ folder, files }: WorkspacePackage, order: Order): string[] {
  const nameOf = (path: string) => `${path.replace(`${folder}/src/`, "").replace(/\.ts$/, "")}/`;
  const place = (path: string) => order.findIndex((parts) => parts.some((part) => nameOf(path).startsWith(`${part}/`)));
  return files
    .filter((file) => !isTest(file) && file.path.startsWith(`${folder}/src/`))
    .flatMap(({ path, imports }) => {
      if (place(path) < 0) return [`${path} has no place`];
      return imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => resolveImport(path, specifier))
        .filter((to) => !to.includes("/src/gen/") && place(to) > place(path))
        .map((to) => `${path} imports ${to}`);
    });
}
