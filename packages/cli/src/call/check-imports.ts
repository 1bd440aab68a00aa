import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { descriptorsFile } from "protoc-gen-interlock";

/** The files that the library brings along. */
const built = /^google\/protobuf\/(any|duration|empty|struct|timestamp|wrappers|field_mask|descriptor)\.proto$/;

/** The maximum number of files that are read. */
const maximumFiles = 2_000;

const remedy = `run "interlock generate", which writes ${descriptorsFile} beside the manifest`;

/**
 * Checks a proto file and all that it imports before a library reads them, which says little of what is wrong: each must be
 * in one of the folders, and in proto3.
 *
 * @throws InterlockError `FAILED_PRECONDITION` that names the file.
 */
export async function checkImports(file: string, folders: readonly string[]): Promise<void> {
  const seen = new Set([file]);
  for (const name of seen) {
    if (built.test(name)) continue;
    const text = withoutComments(await readFirst(name, folders));
    if (!/^\s*syntax\s*=\s*["']proto3["']/.test(text)) throw failed(`${name} is not in proto3: ${remedy}.`);
    if (/\bjson_name\s*=/.test(text)) throw failed(`${name} gives a field another name in JSON: ${remedy}.`);
    for (const [, imported = ""] of text.matchAll(/^\s*import\s+(?:public\s+|weak\s+)?["']([^"']+)["']/gm)) {
      if (seen.size < maximumFiles) seen.add(imported);
    }
  }
}

async function readFirst(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw failed(`${name} is in none of the folders ${folders.join(", ")}: name its folder with --protos, or ${remedy}.`);
}

function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\\n]|\\.)*")|\/\/.*|\/\*[\s\S]*?\*\//g, (_all, quoted?: string) => quoted ?? " ");
}

function failed(message: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", message);
}
