import type { DescMessage } from "@bufbuild/protobuf";
import { checkCondition } from "./check-condition.js";
import { ConditionError } from "./condition-error.js";
import { parseCondition } from "./parse-condition.js";

/**
 * Says what is wrong with a condition of a grant.
 *
 * @param condition - A CEL expression over the fields of a request, for example `newtons <= 5`.
 * @param request - The type of the request. Default: not known; then only what holds for every type is checked.
 * @returns What is wrong, as a clause; `undefined` for a condition that can be used.
 *
 * @example
 * ```ts
 * conditionFault("newtons <="); // "it is no CEL expression"
 * ```
 */
export function conditionFault(condition: string, request?: DescMessage): string | undefined {
  try {
    checkCondition(parseCondition(condition), request);
    return undefined;
  } catch (error) {
    if (error instanceof ConditionError) return error.message;
    throw error;
  }
}
