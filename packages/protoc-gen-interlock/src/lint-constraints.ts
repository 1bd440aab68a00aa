import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufError } from "./buf-error.js";
import { bufTarget } from "./buf-target.js";
import { runBuf } from "./run-buf.js";

/** The one rule of buf that compiles constraints, whatever rules the workspace has. */
const config = JSON.stringify({ version: "v2", lint: { use: ["PROTOVALIDATE"] } });

/**
 * Has buf check the `buf.validate` constraints of proto files: each fits the type of its field, and its CEL compiles.
 *
 * @throws GenerateError with every constraint that does not.
 */
export async function lintConstraints(workspace: string, protos: string, paths: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-constraints-"));
  try {
    // An image, because a configuration for the lint alone would replace the modules of buf.yaml.
    const image = join(folder, "image.binpb");
    const target = await bufTarget(workspace, protos, paths);
    const built = await runBuf(workspace, ["build", ...target, "-o", image]);
    if (built.failure !== undefined) throw bufError(built.failure, workspace, protos);
    const { exitCode, output, failure } = await runBuf(workspace, ["lint", image, "--config", config]);
    if (exitCode !== 0) throw bufError(output.trim() || `${failure}`, workspace, protos);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
