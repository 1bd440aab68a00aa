import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { Manifest } from "@interlock/policy";
import { bufError } from "./buf-error.js";
import { bufTarget } from "./buf-target.js";
import { bufTemplate } from "./buf-template.js";
import { lintConstraints } from "./lint-constraints.js";
import { manifestFile } from "./manifest-file.js";
import type { Timestamps } from "./messages/print-messages.js";
import { findUnknownServices } from "./overlay/find-unknown-services.js";
import { overlayFile } from "./overlay/overlay.js";
import { readOverlay } from "./overlay/read-overlay.js";
import { replaceFolder } from "./replace-folder.js";
import { runBuf } from "./run-buf.js";

/** What {@link generate} reads, and where it writes. */
export interface GenerateOptions {
  /**
   * The folder with `buf.yaml`. Default modules without that file: `protos` and `node_modules/@interlock/policy/protos`. A
   * `policies.yaml` there has the policies of methods whose proto files cannot be edited.
   */
  readonly workspace: string;
  /** The folder of the proto files, relative to `workspace`; one of the modules of `buf.yaml`. */
  readonly protos: string;
  /** Folders and files below `protos`, relative to it: generate only these and their imports. Default: all. */
  readonly paths?: readonly string[];
  /** The output folder, relative to `workspace`. A folder that was not generated is not replaced. */
  readonly out: string;
  /** Whether methods past their sunset are generated. Default: false, they are faults. */
  readonly allowPast?: boolean;
  /** The current time, in milliseconds since the epoch. Default: that of the machine. */
  readonly now?: number;
  /**
   * The form of `google.protobuf.Timestamp` in messages: `date` is a `Date`, which has milliseconds; `message` is
   * `{ seconds: bigint, nanos: number }`, which has all nanoseconds. Default: `date`.
   */
  readonly timestamps?: Timestamps;
}

/** What {@link generate} has written. */
export interface GenerateResult {
  /** The files written, relative to `out`, sorted. */
  readonly files: readonly string[];
  /** The contents of `interlock.manifest.json`: every service and method. */
  readonly manifest: Manifest;
}

/**
 * Generates messages, service definitions and the manifest from proto files.
 *
 * @param options - The folders to read from and to write to.
 * @returns The written files and the manifest.
 * @throws GenerateError with every fault when a file does not compile, a policy is invalid, a constraint of `buf.validate` does not
 *   compile, or a method is past its sunset; then nothing is changed.
 *
 * @example
 * ```ts
 * await generate({ workspace: ".", protos: "protos", out: "src/gen" });
 * ```
 */
export async function generate(options: GenerateOptions): Promise<GenerateResult> {
  const { workspace, paths = [], out, allowPast = false, now = Date.now(), timestamps = "date" } = options;
  const protos = relative(resolve(workspace), resolve(workspace, options.protos)).replaceAll(sep, "/") || ".";
  const today = new Date(now).toISOString().slice(0, 10);
  const policies = existsSync(join(workspace, overlayFile)) ? overlayFile : undefined;
  return replaceFolder(resolve(workspace, out), async (folder) => {
    const target = await bufTarget(workspace, protos, paths);
    const template = bufTemplate(folder, { today, allowPast, timestamps, policies, policiesOfOthers: true });
    const [{ failure }, unknown] = await Promise.all([
      runBuf(workspace, ["generate", ...target, "--template", template]),
      policies ? findUnknownServices(workspace, protos, readOverlay(join(workspace, policies))) : [],
    ]);
    if (failure !== undefined || unknown.length > 0) {
      throw bufError([...unknown, ...(failure === undefined ? [] : [failure])].join("\n"), workspace, protos);
    }
    const manifest = JSON.parse(await readFile(join(folder, manifestFile), "utf8")) as Manifest;
    if (hasConstraints(manifest)) await lintConstraints(workspace, protos, paths);
    return { files: await listFiles(folder), manifest };
  });
}

function hasConstraints({ services }: Manifest): boolean {
  return services.some(({ methods }) => methods.some(({ constrained }) => constrained));
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort();
}
