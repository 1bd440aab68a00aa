import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { parse } from "yaml";

interface BufFile {
  readonly modules?: readonly { readonly path?: unknown }[];
}

/** The folders of the modules that `buf.yaml` in `workspace` names; none without that file. */
export async function moduleFolders(workspace: string): Promise<string[]> {
  const path = join(workspace, "buf.yaml");
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    const { modules = [] } = (parse(text) ?? {}) as BufFile;
    return modules.map((module) => join(workspace, String(module.path ?? ".")));
  } catch (cause) {
    throw new InterlockError("FAILED_PRECONDITION", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
