import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AuditInputs, GrantsFile } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { GrantsError } from "@interlock/policy/grants";
import { findManifests } from "../find-manifests.js";
import { askAuthority } from "./ask-authority.js";
import type { FleetSource } from "./fleet-source.js";
import { readFleet } from "./read-fleet.js";
import { readJoinTokens } from "./read-join-tokens.js";
import { readLog } from "./read-log.js";
import { readGrantsFile, readProjects } from "./read-project.js";

/** What is read. */
export interface InputsOptions {
  /** The folders of the projects; places are relative to the current folder. */
  readonly projects: readonly string[];
  /** The grants file. Default: `grants.yaml` in the first project, if there is one. */
  readonly grants?: string | undefined;
  /** Whether the authority is asked. */
  readonly asksAuthority: boolean;
  /** In milliseconds. */
  readonly windowMs: number;
}

/** Reads proto files, grants, and all that the authority knows; without a scan. */
export async function readInputs({ projects, grants, asksAuthority, windowMs }: InputsOptions): Promise<AuditInputs> {
  const now = Date.now();
  const files = { now, windowMs, ...(await readFiles(projects, grants)) };
  if (!asksAuthority) return files;
  return { ...files, ...(await askAuthority((session) => readAuthority(session, new Date(now - windowMs)))) };
}

/** Reads proto files and grants. Default: `grants.yaml` in the first project, if there is one. */
export async function readFiles(
  projects: readonly string[],
  grants?: string,
): Promise<Pick<AuditInputs, "project" | "grantsFile">> {
  const [project, grantsFile] = await Promise.all([readProjects(projects), readGrants(projects, grants)]);
  // Without a manifest nothing is known: otherwise a rule that judges by proto files would find nothing, and not say so.
  const isKnown = project.services.length > 0 || (await Promise.all(projects.map(findManifests))).flat().length > 0;
  return { grantsFile, ...(isKnown && { project }) };
}

/** Reads what the authority knows. */
export async function readAuthority(
  source: FleetSource,
  since: Date,
): Promise<Pick<AuditInputs, "fleet" | "log" | "joinTokens">> {
  const { admin } = source;
  const [fleet, log, joinTokens] = await Promise.all([
    readFleet(source),
    readLog(admin, since),
    readJoinTokens(admin).catch(unknownWithoutScope),
  ]);
  return { fleet, log, joinTokens };
}

/** A viewer may not read the join tokens: then they are not known. */
function unknownWithoutScope(error: unknown): undefined {
  if (InterlockError.from(error).reason !== "SCOPE_MISSING") throw error;
}

async function readGrants(
  [first = "."]: readonly string[],
  given: string | undefined,
): Promise<GrantsFile | undefined> {
  const path = given ?? join(first, "grants.yaml");
  if (!existsSync(path)) {
    if (given === undefined) return undefined;
    throw new InterlockError("NOT_FOUND", `There is no file ${path}: name the grants file.`);
  }
  return readGrantsFile(resolve("."), resolve(path)).catch((cause) => {
    if (!(cause instanceof GrantsError)) throw cause;
    throw new InterlockError("INVALID_ARGUMENT", `${path} cannot be used:\n${cause.message}`, { cause });
  });
}
