import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resolveImport, root } from "./source-graph.js";

/** A name that an entry point exports. */
export interface PublicName {
  readonly name: string;
  /** The file that declares it, from the top of the repository; the specifier where another package does. */
  readonly from: string;
  /** Whether a doc comment stands before its declaration; another package answers for its own. */
  readonly documented: boolean;
}

const reExport = /^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm;

/** The names that an entry point exports, all of them by name from other files. Throws when it exports in another way. */
export function publicNames(entry: string): PublicName[] {
  const text = readFileSync(join(root, entry), "utf8");
  const other = text.replace(reExport, "").match(/^\s*(?:export|import)\b.*/m);
  if (other) throw new Error(`${entry} has a statement that is no re-export by name: ${other[0]}`);
  return [...text.matchAll(reExport)].flatMap(([, names = "", specifier = ""]) =>
    names
      .split(",")
      .map((name) => name.trim().replace(/^type /, ""))
      .filter(Boolean)
      .map((name) => describeName(name, specifier, entry)),
  );
}

function describeName(name: string, specifier: string, entry: string): PublicName {
  if (!specifier.startsWith(".")) return { name, from: specifier, documented: true };
  const from = resolveImport(entry, specifier);
  const declaration = new RegExp(`\\*/\\nexport (?:async )?(?:interface|type|function|const|class) ${name}\\b`);
  return { name, from, documented: declaration.test(readFileSync(join(root, from), "utf8")) };
}
