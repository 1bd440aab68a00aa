import assert from "node:assert/strict";
import { builtinModules } from "node:module";
import { findCycles } from "./find-cycles.js";
import { readWorkspace, resolveImport, type SourceFile, sourcesIn } from "./source-graph.js";

const everything = ["*"];

// "Packages, and who may import whom", ARCHITECTURE.md.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@interlock/policy": [],
  "@interlock/testing-postgres": [],
  "@interlock/testing-processes": [],
  "@interlock/testing-siege": everything,
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

// Within packages/bot, from left to right: a file imports what stands in its own place or before it.
const botOrder = [
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
];

// Within packages/swarm, likewise; a part is a file or a folder. Worker and operator stand before store and leader, so
// that they import neither.
const swarmOrder = [
  ["wait", "rotation", "fence", "is-final", "lease", "outbox", "steady-backoff", "swarm-error", "task-state", "text"],
  ["batching"],
  ["operator"],
  ["worker/send-event", "worker/task-handler", "worker/task-bounds", "worker/task-refusal", "worker/taken-leases"],
  ["worker/job-reports", "worker/uplink"],
  ["worker/job"],
  ["worker/workbench"],
  ["worker/dispatch-link", "worker/safety-link"],
  ["worker/run-worker"],
  ["store"],
  [
    "leader/check",
    "leader/counter",
    "leader/entry",
    "leader/lane",
    "leader/limits",
    "leader/reads",
    "leader/listening",
    "leader/retry-delay",
    "leader/tenure",
  ],
  ["leader/read-report", "leader/request-rules", "leader/quotas", "leader/task-bytes", "leader/worker-page"],
  ["leader/entry-queue", "leader/stored-task", "leader/timing", "leader/worker-session"],
  ["leader/journal", "leader/roster", "leader/waiting-list"],
  ["leader/stop-answers"],
  ["leader/task-table"],
  ["leader/heartbeat-answer"],
  ["leader/allocator"],
  ["leader/operations", "leader/reports", "leader/safety"],
  ["leader/sessions"],
  ["leader/writer"],
  ["leader/dispatcher"],
  ["leader/leader"],
  ["leader/dispatch-service", "leader/operator-service", "leader/safety-service"],
  ["leader/leader-routes"],
  ["index"],
];

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

// The sister packages of @interlock/bot, and what tests and measures this repository.
const mayImportInternals = /^(packages|test|bench|testing)\//;
const isTemplate = (path: string) => path.startsWith("packages/cli/template/");

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

  it("leaves the internals of @interlock/bot to the sister packages", () => {
    const files = [...workspace.flatMap((found) => found.files), ...sourcesIn("packages/cli/template")];
    const faults = files
      .filter(({ path }) => !mayImportInternals.test(path) || isTemplate(path))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier }) => specifier === "@interlock/bot/internal")
          .map(({ specifier }) => `${path} imports ${specifier}`),
      );
    assert.ok(files.some(({ path }) => isTemplate(path)));
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
    const files = workspace.flatMap((found) => found.files);
    const graph = files.map(({ path, imports }) => {
      const near = imports.filter(({ specifier, typeOnly }) => specifier.startsWith(".") && !typeOnly);
      return [path, near.map(({ specifier }) => resolveImport(path, specifier))] as const;
    });
    assert.deepEqual(findCycles(new Map(graph)), []);
  });

  it("goes in no circles within @interlock/bot, counting imports of types as well", () => {
    const files = (byName.get("@interlock/bot")?.files ?? []).filter((file) => !isTest(file));
    const graph = files.map(({ path, imports }) => {
      const near = imports.filter(({ specifier }) => specifier.startsWith("."));
      return [path, near.map(({ specifier }) => resolveImport(path, specifier))] as const;
    });
    assert.deepEqual(findCycles(new Map(graph)), []);
  });

  it("decides on calls without grpc-js: nothing in bot's admission imports it", () => {
    const files = byName.get("@interlock/bot")?.files ?? [];
    const admission = files.filter((file) => file.path.startsWith("packages/bot/src/admission/") && !isTest(file));
    assert.ok(admission.length > 0);
    const faults = admission.filter(({ imports }) => imports.some(({ specifier }) => specifier.startsWith("@grpc/")));
    assert.deepEqual(
      faults.map(({ path }) => path),
      [],
    );
  });

  it("keeps the order within @interlock/bot", () => {
    const partOf = (path: string) => path.replace("packages/bot/src/", "").replace(/\.ts$/, "").split("/")[0] ?? "";
    const place = (path: string) => botOrder.findIndex((parts) => parts.includes(partOf(path)));
    const faults = (byName.get("@interlock/bot")?.files ?? [])
      .filter((file) => !isTest(file))
      .flatMap(({ path, imports }) => {
        const near = imports.filter(({ specifier }) => specifier.startsWith("."));
        if (place(path) < 0) return [`${path} has no place`];
        return near
          .map(({ specifier }) => resolveImport(path, specifier))
          .filter((to) => partOf(to) !== "gen" && place(to) > place(path))
          .map((to) => `${path} imports ${to}`);
      });
    assert.deepEqual(faults, []);
  });

  it("keeps the order within @interlock/swarm, and goes in no circles there, not even of types", () => {
    const nameOf = (path: string) => path.replace("packages/swarm/src/", "").replace(/\.ts$/, "");
    const place = (path: string) =>
      swarmOrder.findIndex((parts) => parts.some((part) => `${nameOf(path)}/`.startsWith(`${part}/`)));
    const graph = (byName.get("@interlock/swarm")?.files ?? [])
      .filter((file) => !isTest(file))
      .map(({ path, imports }) => {
        const near = imports.filter(({ specifier }) => specifier.startsWith("."));
        return [path, near.map(({ specifier }) => resolveImport(path, specifier))] as const;
      });
    const faults = graph.flatMap(([path, near]) =>
      place(path) < 0
        ? [`${path} has no place`]
        : near.filter((to) => !to.includes("/gen/") && place(to) > place(path)).map((to) => `${path} imports ${to}`),
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(findCycles(new Map(graph)), []);
  });
});
