import type { Grant } from "@interlock/policy/grants";
import type { AuditInputs } from "../inputs/inputs.js";
import type { SourcePlace } from "../inputs/project.js";

/** Finds the place of a method, `package.Service/Method`, or of a service in the project; of the service when the method has none. */
export function placeOf({ project }: AuditInputs, subject: string): SourcePlace | undefined {
  const [service = "", name] = subject.split("/");
  const declared = project?.services.find((one) => one.name === service);
  return declared?.methods.find((method) => method.name === name)?.place ?? declared?.place;
}

/** Finds the place of a grant in the project's grants file. */
export function placeOfGrant(
  { grantsFile }: AuditInputs,
  { identity, service, scope }: Grant,
): SourcePlace | undefined {
  const found = grantsFile?.grants.find(
    (grant) => grant.identity === identity && grant.service === service && grant.scope === scope,
  );
  if (!grantsFile || !found) return undefined;
  const { line, column } = found.places.scope;
  return { file: grantsFile.file, line, column };
}
