import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./structure/source-graph.js";

// What other tests build and run.
const folders = ["examples/hello", "packages/cli/template", "test/src/readme", "test/src/swarm/readme"];

/**
 * Finds the file that a code block is quoted from, word for word except for white space; `undefined` if there is none. A first
 * line that is a comment with the file's path is ignored, and a comment that is only `…` stands for omitted lines.
 */
export function findQuote(text: string): string | undefined {
  const lines = text.split("\n");
  if (/^(\/\/|#) \S+\.\w+$/.test(lines[0] ?? "")) lines.shift();
  const passages = lines
    .join("\n")
    .split(/^\s*(?:\/\/|#) …\s*$/m)
    .map(normalize);
  if (passages.some((passage) => passage === "")) return undefined;
  return files().find((path) => holds(normalize(readFileSync(join(root, path), "utf8")), passages));
}

/** Whether `text` contains `passages`, one after the other. */
function holds(text: string, passages: readonly string[]): boolean {
  let from = 0;
  return passages.every((passage) => {
    const at = text.indexOf(passage, from);
    from = at + passage.length;
    return at >= 0;
  });
}

function files(): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|proto|ya?ml)$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((path) => !/\/(node_modules|dist|gen)\//.test(path)),
  );
}

function normalize(text: string): string {
  return text.replaceAll("__package__", "cafe").replace(/\s+/g, " ").trim();
}
