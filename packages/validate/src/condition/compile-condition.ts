import { celEnv, plan } from "@bufbuild/cel";
import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { checkCondition, wholeRequest } from "./check-condition.js";
import { type Expr, parseCondition } from "./parse-condition.js";

/** A condition over the requests of one type: whether it is true of a message. Anything but true, also a failure, is false. */
export type Condition = (request: Message) => boolean;

/**
 * Compiles a condition for a type of requests.
 *
 * @param condition - A CEL expression over the fields of the request, for example `newtons <= 5`.
 * @param request - The type of the requests.
 * @param registry - The types that it uses.
 * @returns The function that evaluates it.
 * @throws ConditionError when the condition does not fit the type.
 */
export function compileCondition(condition: string, request: DescMessage, registry: Registry): Condition {
  const expr = parseCondition(condition);
  checkCondition(expr, request);
  const evaluate = plan(celEnv({ registry }), overRequest(expr));
  return (message) => evaluate({ [wholeRequest]: reflect(request, message) }) === true;
}

/** The same expression with each field as one of the request: `newtons` becomes `this.newtons`. */
function overRequest(expr: Expr): Expr {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "identExpr": {
      const { name } = exprKind.value;
      if (name === wholeRequest) return expr;
      const operand: Expr = {
        ...expr,
        exprKind: { case: "identExpr", value: { ...exprKind.value, name: wholeRequest } },
      };
      const value = { $typeName: "cel.expr.Expr.Select" as const, operand, field: name, testOnly: false };
      return { ...expr, exprKind: { case: "selectExpr", value } };
    }
    case "selectExpr": {
      const { operand } = exprKind.value;
      const value = { ...exprKind.value, ...(operand && { operand: overRequest(operand) }) };
      return { ...expr, exprKind: { ...exprKind, value } };
    }
    case "listExpr": {
      const value = { ...exprKind.value, elements: exprKind.value.elements.map(overRequest) };
      return { ...expr, exprKind: { ...exprKind, value } };
    }
    case "callExpr": {
      const { target, args } = exprKind.value;
      const value = { ...exprKind.value, args: args.map(overRequest), ...(target && { target: overRequest(target) }) };
      return { ...expr, exprKind: { ...exprKind, value } };
    }
    default:
      return expr;
  }
}
