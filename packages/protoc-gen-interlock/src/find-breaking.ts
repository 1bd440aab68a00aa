import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufTarget } from "./buf-target.js";
import { GenerateError } from "./generate-error.js";
import { runBuf } from "./run-buf.js";

/** A change that breaks callers or servers of an earlier version. */
export interface BreakingChange {
  /** Relative to the workspace; absent where buf names no file. */
  readonly file?: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The rule of buf, for example `FIELD_SAME_TYPE`. */
  readonly rule: string;
  readonly message: string;
}

/** What {@link findBreaking} compares. */
export interface BreakingOptions {
  /** The folder with `buf.yaml`, if there is one. */
  readonly workspace: string;
  /** The folder of the proto files, relative to `workspace`. */
  readonly protos: string;
  /** The folder with the same workspace at an earlier version. */
  readonly against: string;
  /** The configuration of buf to judge by, as JSON. Default: that of the workspace. */
  readonly config?: string | undefined;
}

/** The maximum number of changes that are returned. */
const maximumChanges = 1_000;

const breaksExitCode = 100;

/**
 * Compares proto files with an earlier version of them by `buf breaking`: by the rules that `buf.yaml` names, or by those of
 * buf's default. At most 1,000 changes.
 *
 * @throws GenerateError when buf cannot compare.
 */
export async function findBreaking({ workspace, protos, against, config }: BreakingOptions): Promise<BreakingChange[]> {
  if (!existsSync(join(against, protos))) return [];
  const folder = await mkdtemp(join(tmpdir(), "interlock-breaking-"));
  try {
    // As an image, because buf follows links to packages only below its current folder.
    const image = join(folder, "base.binpb");
    const build = ["build", ...(await bufTarget(against, protos)), "--output", image];
    const { failure } = await runBuf(against, build);
    if (failure !== undefined) throw new GenerateError(`The earlier version cannot be read: ${failure}`);
    const target = await bufTarget(workspace, protos);
    const judged = config === undefined ? target : [...target, "--config", config];
    return await compare(workspace, [...judged, "--against", image]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(workspace: string, args: readonly string[]): Promise<BreakingChange[]> {
  const { exitCode, output, failure } = await runBuf(workspace, ["breaking", ...args, "--error-format", "json"]);
  if (failure === undefined) return [];
  if (exitCode !== breaksExitCode) throw new GenerateError(failure);
  const lines = output.split("\n").filter((line) => line !== "");
  const changes = lines.slice(0, maximumChanges).map(readChange);
  const fault = changes.find(({ rule }) => rule === "COMPILE");
  if (fault) throw new GenerateError(`${fault.file}:${fault.line}:${fault.column}: ${fault.message}`);
  return changes;
}

function readChange(line: string): BreakingChange {
  const { path, start_line = 1, start_column = 1, type, message } = JSON.parse(line);
  return { ...(path !== undefined && { file: path }), line: start_line, column: start_column, rule: type, message };
}
