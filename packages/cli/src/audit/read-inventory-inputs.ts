import { type AuditInputs, defaultWindowMs } from "@interlock/audit";
import type { SourceOptions } from "../commands/inventory-options.js";
import { askAuthority } from "./ask-authority.js";
import { readFleet } from "./read-fleet.js";
import { readFiles } from "./read-inputs.js";
import { readScanFile } from "./read-scan-file.js";

/** Reads what an inventory rests on: proto files, grants, a scan from a file, and the fleet, unless the authority is left alone. */
export async function readInventoryInputs(options: SourceOptions): Promise<AuditInputs> {
  const { project = ["."], grants, scanFile, offline } = options;
  const scan = scanFile === undefined ? undefined : await readScanFile(scanFile);
  const files = await readFiles(project, grants);
  const fleet = offline ? undefined : await askAuthority(readFleet);
  // The end of the window: what the authority has counted is not after it.
  return { now: Date.now(), windowMs: options.window ?? defaultWindowMs, ...files, fleet, scan };
}
