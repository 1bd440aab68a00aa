import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** The top of the repository. */
export const root = resolve(import.meta.dirname, "../../..");

/** One import statement. */
export interface Import {
  readonly specifier: string;
  /** Whether it disappears at run time. */
  readonly typeOnly: boolean;
}

/** One source file. */
export interface SourceFile {
  /** The path from the top of the repository. */
  readonly path: string;
  readonly imports: readonly Import[];
}

/** One package of the workspace. */
export interface WorkspacePackage {
  readonly name: string;
  /** The path from the top of the repository, for example `packages/bot`. */
  readonly folder: string;
  readonly dependencies: ReadonlySet<string>;
  /** The subset of {@link dependencies} for its own tests and build only. */
  readonly devDependencies: ReadonlySet<string>;
  /** The specifiers that other packages may import. */
  readonly entryPoints: ReadonlySet<string>;
  readonly files: readonly SourceFile[];
}

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly exports?: Record<string, unknown>;
}

/** Reads every package of the workspace with its sources, without generated code. */
export function readWorkspace(): WorkspacePackage[] {
  const parents = ["packages", "examples", "testing"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  );
  return [...parents, "test", "bench"]
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map(readPackage);
}

function readPackage(folder: string): WorkspacePackage {
  const json: PackageJson = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  return {
    name: json.name,
    folder,
    dependencies: new Set(Object.keys({ ...json.dependencies, ...json.devDependencies })),
    // A peer is a development dependency for our own tests, and is there where it is used.
    devDependencies: new Set(Object.keys(json.devDependencies ?? {}).filter((name) => !json.peerDependencies?.[name])),
    entryPoints: new Set(Object.keys(json.exports ?? {}).map((key) => json.name + key.slice(1))),
    files: ["src", "bin"].flatMap((part) => sourcesIn(join(folder, part))),
  };
}

/** The sources below a folder, which is given from the top of the repository; generated code is left out. */
export function sourcesIn(folder: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("/src/gen/"))
    .map((path) => ({ path, imports: importsOf(readFileSync(join(root, path), "utf8")) }));
}

// A statement starts its line; text in template literals and comments is indented or starred.
const statement = /^(?:import|export)\b([^;"']*?)\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm;
const dynamic = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** Finds the imports and re-exports of a source text. */
export function importsOf(source: string): Import[] {
  const fixed = [...source.matchAll(statement)].map(([, clause = "", from, alone]) => ({
    specifier: from ?? alone ?? "",
    typeOnly: from !== undefined && isTypeOnly(clause),
  }));
  const late = [...source.matchAll(dynamic)].map(([, specifier = ""]) => ({ specifier, typeOnly: false }));
  // Tests contain proto files as text, whose imports look like TypeScript's.
  return [...fixed, ...late].filter(({ specifier }) => !specifier.endsWith(".proto"));
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const named = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  const names =
    named
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  return names.length > 0 && names.every((name) => name.startsWith("type "));
}

/** Resolves a relative import to a path from the top of the repository. */
export function resolveImport(from: string, specifier: string): string {
  return join(dirname(from), specifier).replace(/\.js$/, from.endsWith(".js") ? ".js" : ".ts");
}
