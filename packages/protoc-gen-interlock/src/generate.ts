import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { Manifest } from "@interlock/policy";
import { bufError } from "./buf-error.js";
import { bufTemplate, hasNoPolicies } from "./buf-template.js";
import { manifestFile } from "./manifest-file.js";
import { replaceFolder } from "./replace-folder.js";
import { runBuf } from "./run-buf.js";

/** What {@link generate} reads, and where it writes. */
export interface GenerateOptions {
  /** The folder with `buf.yaml`. Default modules without that file: `protos` and `node_modules/@interlock/policy/protos`. */
  readonly workspace: string;
  /** The folder of the proto files, relative to `workspace`; one of the modules of `buf.yaml`. */
  readonly protos: string;
  /** Folders and files below `protos`, relative to it: generate only these and their imports. Default: all. */
  readonly paths?: readonly string[];
  /** The output folder, relative to `workspace`. A folder that was not generated is not replaced. */
  readonly out: string;
}

/** What {@link generate} has written. */
export interface GenerateResult {
  /** The files written, relative to `out`, sorted. */
  readonly files: readonly string[];
  /** The contents of `interlock.manifest.json`: every service and method. */
  readonly manifest: Manifest;
}

/**
 * Generates messages, service definitions and the manifest from proto files. If a file does not compile or a method's
 * policy is invalid, it changes nothing and throws a `GenerateError` with all faults.
 *
 * ```ts
 * await generate({ workspace: ".", protos: "protos", out: "src/gen" });
 * ```
 */
export async function generate({ workspace, protos, paths = [], out }: GenerateOptions): Promise<GenerateResult> {
  return replaceFolder(resolve(workspace, out), async (folder) => {
    const target = [
      protos,
      ...bufConfig(workspace, protos),
      ...paths.flatMap((path) => ["--path", `${protos}/${path}`]),
    ];
    const run = (hasPolicies: boolean) =>
      runBuf(workspace, ["generate", ...target, "--template", bufTemplate(folder, hasPolicies)]);
    let said = await run(true);
    if (hasNoPolicies(said)) said = await run(false);
    if (said !== undefined) throw bufError(said, workspace, protos);
    const manifest = JSON.parse(await readFile(join(folder, manifestFile), "utf8")) as Manifest;
    return { files: await listFiles(folder), manifest };
  });
}

/** The configuration for a workspace without `buf.yaml`: its protos, and the policy options from their package. */
function bufConfig(workspace: string, protos: string): string[] {
  if (existsSync(join(workspace, "buf.yaml"))) return [];
  const modules = [protos, "node_modules/@interlock/policy/protos"].filter((path) => existsSync(join(workspace, path)));
  return ["--config", JSON.stringify({ version: "v2", modules: modules.map((path) => ({ path })) })];
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort();
}
