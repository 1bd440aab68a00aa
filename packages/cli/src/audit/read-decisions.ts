import { existsSync } from "node:fs";
import {
  type AuditFile,
  AuditFileError,
  type Baseline,
  maximumAuditFileLength,
  maximumBaselineLength,
  parseAuditFile,
  parseBaseline,
} from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { readBounded } from "./read-bounded.js";

/** The name of the file in which a project writes down its decisions about findings. */
export const auditFileName = "interlock.audit.yaml";

/** Reads the decisions of a project. Default: those of `interlock.audit.yaml`, none where it is not there. */
export async function readAuditFile(path?: string): Promise<AuditFile> {
  const file = path ?? auditFileName;
  if (path === undefined && !existsSync(file)) return { suppressions: [], approvals: [] };
  const yaml = await readBounded(file, 4 * maximumAuditFileLength, "file of suppressions");
  try {
    return parseAuditFile(yaml, file);
  } catch (cause) {
    if (!(cause instanceof AuditFileError)) throw cause;
    throw new InterlockError("INVALID_ARGUMENT", cause.message, { cause });
  }
}

/** Reads a baseline. */
export async function readBaseline(path: string): Promise<Baseline> {
  const json = await readBounded(path, maximumBaselineLength, "baseline");
  try {
    return parseBaseline(json);
  } catch (cause) {
    const problem = `${path} is no baseline: ${(cause as Error).message}`;
    throw new InterlockError("INVALID_ARGUMENT", `${problem}; write it again with --write-baseline.`, { cause });
  }
}
