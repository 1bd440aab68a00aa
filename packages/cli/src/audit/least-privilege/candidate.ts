import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, relative, resolve, sep } from "node:path";
import { type AuditInputs, type Fleet, type Proposal, proposeGrants, type Replay, replayCalls } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { diffGrants, editGrants, type Grants, GrantsError, parseGrants } from "@interlock/policy/grants";
import type { Session } from "../../operator.js";
import { unifiedDiff } from "../unified-diff.js";
import type { LeastPrivilegeOptions } from "./options.js";

/** A grants file that was read. */
export interface GrantsSource {
  /** As it was given; absent for the grants in force. */
  readonly path?: string | undefined;
  readonly yaml: string;
  readonly grants: Grants;
}

/** Grants that may be applied, and the recorded calls held against them. */
export interface Candidate {
  readonly source: GrantsSource;
  readonly yaml: string;
  readonly replay: Replay;
  /** Absent for a file that is tried as it is. */
  readonly proposal?: Proposal | undefined;
  /** In how many grants the source differs from what is in force. */
  readonly drift: number;
  /** The version of the grants in force. */
  readonly inForce: number;
}

/** Reads the file that the options name, or else grants.yaml, or else the grants in force. */
export async function readSource({ admin }: Session, { grants }: LeastPrivilegeOptions): Promise<GrantsSource> {
  const path = grants ?? (existsSync("grants.yaml") ? "grants.yaml" : undefined);
  if (path === undefined) {
    const { yaml } = await admin.getGrants({});
    return { yaml, grants: parseGrants(yaml) };
  }
  const yaml = await readFile(path, "utf8").catch((cause) => {
    const problem = cause.code === "ENOENT" ? `There is no file ${path}` : `${path} cannot be read (${cause.code})`;
    throw new InterlockError("NOT_FOUND", `${problem}: name the grants file.`, { cause });
  });
  try {
    return { path, yaml, grants: parseGrants(yaml) };
  } catch (cause) {
    if (!(cause instanceof GrantsError)) throw cause;
    throw new InterlockError("INVALID_ARGUMENT", `${path}: ${cause.message}`, { cause });
  }
}

/** The source as it is, or with what the proposal changes in it. */
export function makeCandidate(
  inputs: AuditInputs & { readonly fleet: Fleet },
  source: GrantsSource,
  options: LeastPrivilegeOptions,
): Candidate {
  const { window, includeOperators, keepWildcards } = options;
  const { fleet } = inputs;
  const isGiven = options.grants !== undefined && (options.dryRun === true || options.apply === true);
  const proposal = isGiven ? undefined : proposeGrants(inputs, { window, includeOperators, keepWildcards });
  const yaml = proposal ? editGrants(source.yaml, proposal.edit) : source.yaml;
  return {
    source,
    yaml,
    proposal,
    replay: replayCalls(inputs, parseGrants(yaml), window),
    drift: diffGrants(fleet.grants, source.grants).length,
    inForce: fleet.grantsVersion,
  };
}

/** What changes in the source, as a patch for `git apply` in the current folder. */
export function diffOf({ source, yaml }: Candidate): string {
  const path = relative(resolve("."), resolve(source.path ?? "grants.yaml"));
  return unifiedDiff((path.startsWith("..") ? basename(path) : path).split(sep).join("/"), source.yaml, yaml);
}

/** What programs get of a candidate. */
export function jsonOf({ source, proposal, drift, replay }: Candidate): object {
  const { period = replay.period, judged, edit } = proposal ?? {};
  return { grants: source.path, period, judged, edit, drift, replay };
}
