import { type Grant, grantKey } from "@interlock/policy/grants";
import type { AuditInputs } from "../inputs/inputs.js";

/** The grants of the project's file and those in force at the authority, each once. */
export function grantsInForce({ grantsFile, fleet }: AuditInputs): Grant[] {
  const all = [...(grantsFile?.grants ?? []), ...(fleet?.grants ?? [])];
  return [...new Map(all.map((grant) => [grantKey(grant), grant])).values()];
}

/** Whether any grants are known. */
export function knowsGrants({ grantsFile, fleet }: AuditInputs): boolean {
  return grantsFile !== undefined || fleet !== undefined;
}
