import { readFileSync } from "node:fs";
import { type LoadHookContext, register } from "node:module";
import { isMainThread } from "node:worker_threads";
import type { Patch } from "./guards.js";

/*
 * Loaded before everything else (`node --import`), this removes a guard in the memory of one process. The patches come in an
 * environment variable, so threads of the process have them, too. The process needs `--conditions=interlock-unbundled`: the
 * patched files are those that are bundled otherwise.
 */
export const patchesVariable = "INTERLOCK_WITHOUT_GUARD";

type Load = (url: string, context: LoadHookContext) => Promise<{ source?: unknown; format?: string }>;

/** A hook of Node's loader that returns the changed text of patched files. */
export async function load(url: string, context: LoadHookContext, next: Load) {
  const patches = (JSON.parse(process.env[patchesVariable] ?? "[]") as Patch[]).filter(({ file }) =>
    url.endsWith(`/packages/${file}`),
  );
  if (patches.length === 0) return next(url, context);
  let source = readFileSync(new URL(url), "utf8");
  for (const { file, find, replace } of patches) {
    if (source.split(find).length !== 2) throw new Error(`"${find}" does not stand once in ${file}`);
    source = source.replace(find, () => replace);
  }
  return { format: "module", source, shortCircuit: true };
}

if (isMainThread && process.env[patchesVariable]) register(import.meta.url);
