import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ServedService } from "@interlock/policy";
import type { ConditionedGrant, ConditionFault } from "@interlock/policy/grants";
import { conditionFault, type RequestTypes, readRequestTypes } from "@interlock/validate";

/** The file beside a manifest with the types of its services. */
const fileName = "interlock.descriptors.b64";

/** The maximum size of that file, in bytes. */
const maximumBytes = 33_554_432;

/** Reads the types beside manifests. A manifest without them, as an older generator wrote it, has none. */
export async function readTypes(manifests: readonly string[]): Promise<readonly RequestTypes[]> {
  const read = manifests.map(async (manifest) => {
    const file = join(dirname(manifest), fileName);
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    return size > 0 && size <= maximumBytes ? [readRequestTypes(await readFile(file, "utf8"))] : [];
  });
  return (await Promise.all(read)).flat();
}

/**
 * Makes the function that holds a condition against the request type of each method that needs its scope. A method whose type is not
 * known is not judged.
 */
export function createConditionFaults(services: readonly ServedService[], types: readonly RequestTypes[]) {
  return ({ service, scope, where }: ConditionedGrant): ConditionFault[] => {
    const general = conditionFault(where);
    if (general !== undefined) return [{ problem: general }];
    const methods = services.filter(({ name }) => name === service).flatMap((one) => one.methods);
    const paths = new Set(methods.filter(({ policy }) => policy.scopes.includes(scope)).map(({ path }) => path));
    return [...paths].flatMap((path) => {
      const request = types.map((one) => one.of(path)).find((type) => type !== undefined);
      const problem = request && conditionFault(where, request);
      return problem === undefined ? [] : [{ method: path, problem }];
    });
  };
}
