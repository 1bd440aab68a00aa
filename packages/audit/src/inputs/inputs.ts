import type { AuditRecord } from "@interlock/policy/audit-log";
import type { Fleet } from "./fleet.js";
import type { OpenJoinToken } from "./join-token.js";
import type { GrantsFile, Project } from "./project.js";
import type { Scan } from "./scan.js";

/**
 * Everything that a judgment can rest on, read once. A part that nobody could read is absent; what depends on it is "not
 * known", and never a finding.
 */
export interface AuditInputs {
  /** The time of the judgment, in milliseconds since the epoch. */
  readonly now: number;
  /** How far back "used" and "unused" look, in milliseconds. Default: 30 days. */
  readonly windowMs?: number | undefined;
  /** What the proto files of a project declare. */
  readonly project?: Project | undefined;
  /** The grants file of the project. */
  readonly grantsFile?: GrantsFile | undefined;
  /** What the authority knows. */
  readonly fleet?: Fleet | undefined;
  /** What a scan of ports has found. */
  readonly scan?: Scan | undefined;
  /** The audit log, in its order, as far as it was read. */
  readonly log?: readonly AuditRecord[] | undefined;
  /** The join tokens on record at the authority. */
  readonly joinTokens?: readonly OpenJoinToken[] | undefined;
}
