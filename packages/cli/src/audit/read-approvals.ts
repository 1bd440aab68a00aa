import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Approval, findApprovals, parseAuditFile } from "@interlock/audit";
import { auditFileName } from "./read-decisions.js";
import { readPolicies, readProtos } from "./read-project.js";

/**
 * Reads every approval of a folder: comments in proto files, in each `policies.yaml` and in grants.yaml, and the list in
 * `interlock.audit.yaml`.
 */
export async function readApprovals(folder: string): Promise<Approval[]> {
  const [protos, policies] = await Promise.all([readProtos(folder), readPolicies(folder)]);
  const [decisions] = await present(folder, auditFileName);
  const texts = [...protos, ...policies, ...(await present(folder, "grants.yaml")), ...(decisions ? [decisions] : [])];
  return [
    ...texts.flatMap(({ text, file }) => findApprovals(text, file)),
    ...(decisions ? parseAuditFile(decisions.text, decisions.file).approvals : []),
  ];
}

async function present(folder: string, file: string): Promise<{ file: string; text: string }[]> {
  try {
    return [{ file, text: await readFile(join(folder, file), "utf8") }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
