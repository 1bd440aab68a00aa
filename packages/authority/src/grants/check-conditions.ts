import { denial } from "@interlock/bot/internal";
import { GrantsError, locateGrants } from "@interlock/policy/grants";
import { conditionFault } from "@interlock/validate/condition";

/**
 * Checks the conditions of a grants file, as far as they can be checked without the types of the requests: each is CEL, true or
 * false, and of a bounded cost. A server refuses what does not fit the request.
 *
 * @throws `GRANTS_INVALID` with every condition that cannot be used, by its line.
 */
export function checkConditions(yaml: string): void {
  const faults = locateGrants(yaml).flatMap(({ where, places }) => {
    const problem = where === undefined ? undefined : conditionFault(where);
    const { line } = places.where ?? places.scope;
    return problem === undefined ? [] : [{ line, message: `the condition cannot be used: ${problem}` }];
  });
  if (faults.length > 0) throw denial("GRANTS_INVALID", new GrantsError(faults).message);
}
