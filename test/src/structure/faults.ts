import { builtinModules } from "node:module";
import { findCycles } from "./find-cycles.js";
import { resolveImport, type SourceFile, sourcesIn, type WorkspacePackage } from "./source-graph.js";
import { allows, type Order } from "./tables.js";

type Workspace = readonly WorkspacePackage[];

const isOurs = (name: string) => name.startsWith("@interlock/") || name === "protoc-gen-interlock";
const packageOf = (specifier: string) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isTest = (path: string) => /\.test\.|\/src\/testing\//.test(path);
const isTemplate = (path: string) => path.startsWith("packages/cli/template/");

// Test helpers are development dependencies, and only tests import them.
const forTests = (where: string, to: string) =>
  to.startsWith("@interlock/testing-") && (where === "devDependencies" || isTest(where));

/** Imports and dependencies of packages that the table does not allow. */
export function packageFaults(workspace: Workspace): string[] {
  return workspace.flatMap(({ name, dependencies, devDependencies, files }) => {
    const declared = [...dependencies].map(
      (to) => [devDependencies.has(to) ? "devDependencies" : "package.json", to] as const,
    );
    const imported = files.flatMap(({ path, imports }) => imports.map((i) => [path, packageOf(i.specifier)] as const));
    return [...declared, ...imported]
      .filter(([where, to]) => isOurs(to) && to !== name && !allows(name, to) && !forTests(where, to))
      .map(([where, to]) => `${name} must not import ${to} (${where})`);
  });
}

/** Imports that enter a package by one of its files instead of an entry point. */
export function entryFaults(workspace: Workspace): string[] {
  const entryPoints = new Set(workspace.flatMap((found) => [...found.entryPoints]));
  return workspace.flatMap(({ folder, files }) =>
    importsWhere(files, (specifier, path) =>
      specifier.startsWith(".")
        ? !resolveImport(path, specifier).startsWith(`${folder}/`)
        : isOurs(packageOf(specifier)) && !entryPoints.has(specifier),
    ),
  );
}

/** Imports of bot's internals outside of its sister packages and of what tests and measures this repository. */
export function internalFaults(workspace: Workspace): string[] {
  const files = [...workspace.flatMap((found) => found.files), ...sourcesIn("packages/cli/template")];
  const others = files.filter(({ path }) => !/^(packages|test|bench|testing)\//.test(path) || isTemplate(path));
  return importsWhere(others, (specifier) => specifier === "@interlock/bot/internal");
}

/** Imports of packages that are not declared. */
export function undeclaredFaults(workspace: Workspace): string[] {
  const builtIn = new Set(builtinModules);
  return workspace.flatMap(({ name, dependencies, files }) =>
    importsWhere(files, (specifier) => {
      const to = packageOf(specifier);
      const isPackage = !specifier.startsWith(".") && !specifier.startsWith("node:") && !builtIn.has(specifier);
      return isPackage && to !== name && !dependencies.has(to);
    }),
  );
}

/** Imports of development dependencies in what is published. */
export function publishedFaults(workspace: Workspace): string[] {
  return workspace
    .filter(({ folder }) => folder.startsWith("packages/"))
    .flatMap(({ devDependencies, files }) =>
      importsWhere(
        files.filter(({ path }) => !isTest(path)),
        (specifier) => devDependencies.has(packageOf(specifier)),
      ),
    );
}

/** Circles between packages, and between files, where an import of types counts as well. */
export function circles(workspace: Workspace): string[] {
  const packages = workspace.map(({ name, dependencies }) => [name, [...dependencies].filter(isOurs)] as const);
  const files = workspace
    .flatMap((found) => found.files)
    .map(({ path, imports }) => {
      const near = imports.filter(({ specifier }) => specifier.startsWith("."));
      return [path, near.map(({ specifier }) => resolveImport(path, specifier))] as const;
    });
  return [...findCycles(new Map(packages)), ...findCycles(new Map(files))];
}

/** The files of a package that have no place in its order, and the imports that go against it. */
export function orderFaults({ folder, files }: WorkspacePackage, order: Order): string[] {
  const nameOf = (path: string) => path.replace(`${folder}/src/`, "").replace(/\.ts$/, "");
  const place = (path: string) =>
    order.findIndex((parts) => parts.some((part) => `${nameOf(path)}/`.startsWith(`${part}/`)));
  return files
    .filter(({ path }) => !isTest(path) && path.startsWith(`${folder}/src/`))
    .flatMap(({ path, imports }) => {
      if (place(path) < 0) return [`${path} has no place`];
      return imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => resolveImport(path, specifier))
        .filter((to) => !nameOf(to).startsWith("gen/") && place(to) > place(path))
        .map((to) => `${path} imports ${to}`);
    });
}

function importsWhere(files: readonly SourceFile[], matches: (specifier: string, path: string) => boolean): string[] {
  return files.flatMap(({ path, imports }) =>
    imports.filter(({ specifier }) => matches(specifier, path)).map(({ specifier }) => `${path} imports ${specifier}`),
  );
}
