import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, type WorkspacePackage } from "./source-graph.js";

/** How large the files of a package are, tests and generated code left out. */
export interface Sizes {
  readonly name: string;
  readonly files: number;
  readonly lines: number;
  readonly median: number;
  /** The largest files and their lines. */
  readonly largest: readonly (readonly [path: string, lines: number])[];
  /** The longest functions and their lines. */
  readonly longest: readonly (readonly [name: string, lines: number])[];
}

const shown = 3;

/** Measures the packages. Sizes are reported, and nothing is enforced. */
export function measureSizes(workspace: readonly WorkspacePackage[]): Sizes[] {
  return workspace
    .filter(({ folder }) => folder.startsWith("packages/"))
    .map(({ name, files }) => {
      const texts = files
        .filter(({ path }) => !/\.test\.|\/src\/testing\//.test(path))
        .map(({ path }) => [path, readFileSync(join(root, path), "utf8").split("\n")] as const);
      const sizes = texts.map(([path, lines]) => [path, lines.length] as const).toSorted(([, a], [, b]) => b - a);
      return {
        name,
        files: sizes.length,
        lines: sizes.reduce((sum, [, lines]) => sum + lines, 0),
        median: sizes[Math.floor(sizes.length / 2)]?.[1] ?? 0,
        largest: sizes.slice(0, shown),
        longest: texts
          .flatMap(([path, lines]) => functionsIn(path, lines))
          .toSorted(([, a], [, b]) => b - a)
          .slice(0, shown),
      };
    });
}

const head = /^( *)(?:export )?(?:async )?function\*? (\w+)|^( *)(?:async )?\*?(\w+)\(.*\{$/;

/** The functions of a file, as the formatter writes them: a function ends where a brace stands below its beginning. */
function functionsIn(path: string, lines: readonly string[]): (readonly [string, number])[] {
  return lines.flatMap((line, start) => {
    const found = head.exec(line);
    const name = found?.[2] ?? found?.[4];
    if (!found || name === undefined || /^(if|for|while|switch|catch|return)$/.test(name)) return [];
    const indent = found[1] ?? found[3] ?? "";
    const length = lines.slice(start).findIndex((later) => new RegExp(`^${indent}\\}`).test(later));
    return length > 0 ? [[`${path}:${name}`, length + 1] as const] : [];
  });
}
