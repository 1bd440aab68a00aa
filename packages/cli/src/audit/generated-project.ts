import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Project } from "@interlock/audit";
import { generate } from "protoc-gen-interlock";
import { locateServices } from "./read-project.js";

/**
 * Reads what the proto files of a workspace declare, as `interlock generate` does, without writing to it.
 *
 * @throws GenerateError with every fault of the proto files.
 */
export async function generatedProject(workspace: string, protos: string): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-check-"));
  try {
    // A sunset in the past is a finding with a place of its own, and no reason to read nothing.
    const options = { workspace, protos, out: join(folder, "gen"), allowPast: true };
    const { manifest } = await generate(options);
    return await locateServices(workspace, manifest.services);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
