import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { AuditInputs } from "@interlock/audit";
import { GrantsError } from "@interlock/policy/grants";
import { readFleet } from "../audit/read-fleet.js";
import { readGrantsFile, readProject } from "../audit/read-project.js";
import type { Session } from "../operator.js";

/**
 * Reads what a retirement rests on: the fleet, and the project in this folder, if there is one. A grants file with faults is
 * left out: it must not keep anything from being revoked, and its step says so.
 */
export async function readInputs(session: Session, grantsFile: string): Promise<AuditInputs> {
  const folder = resolve(".");
  const path = resolve(grantsFile);
  const [fleet, project, file] = await Promise.all([
    readFleet(session),
    readProject(folder),
    existsSync(path) ? readGrantsFile(folder, path).catch(nothingFaulty) : undefined,
  ]);
  return { now: Date.now(), fleet, grantsFile: file, ...(project.services.length > 0 && { project }) };
}

function nothingFaulty(error: unknown): undefined {
  if (!(error instanceof GrantsError)) throw error;
}
