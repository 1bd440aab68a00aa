import { parse } from "@bufbuild/cel";
import { ConditionError } from "./condition-error.js";

/** A part of a condition: an expression of CEL (cel.expr.Expr). */
export type Expr = ReturnType<typeof parse>["expr"];

/** The maximum length of a condition, in characters: several of a grants file may be joined by `||`. */
export const maximumLength = 1_024;

/** How deep brackets may be nested; the parser of the library calls itself. */
const maximumDepth = 32;

/**
 * Parses a condition, a CEL expression.
 *
 * @throws ConditionError when it is too long, nested too deeply, or no CEL.
 */
export function parseCondition(condition: string): Expr {
  if (condition.length > maximumLength) throw new ConditionError(`it has more than ${maximumLength} characters`);
  if (depthOf(condition) > maximumDepth) throw new ConditionError("it is nested too deeply");
  try {
    return parse(condition).expr;
  } catch (cause) {
    throw new ConditionError("it is no CEL expression", { cause });
  }
}

/** The deepest nesting of brackets, those in texts included; unary operators and `?:` nest without brackets. */
function depthOf(condition: string): number {
  let [depth, deepest] = [0, 0];
  for (const character of condition) {
    if ("([{?!-".includes(character)) deepest = Math.max(deepest, ++depth);
    else if (")]}:".includes(character)) depth--;
  }
  return deepest;
}
