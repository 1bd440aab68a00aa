import type { DescMessage } from "@bufbuild/protobuf";
import { ConditionError } from "./condition-error.js";
import type { Expr } from "./parse-condition.js";
import { typeOfField, type ValueType } from "./value-type.js";

/** The name of the whole request in a condition. */
export const wholeRequest = "this";

type Call = Extract<Expr["exprKind"], { case: "callExpr" }>["value"];

const arithmetic: ReadonlySet<string> = new Set(["_+_", "_-_", "_*_", "_/_", "_%_"]);
const orders: ReadonlySet<string> = new Set(["_<_", "_<=_", "_>_", "_>=_"]);
const equalities: ReadonlySet<string> = new Set(["_==_", "_!=_"]);
const searches: ReadonlySet<string> = new Set(["startsWith", "endsWith", "contains"]);

/**
 * Checks a condition against the type of a request: every field is there, each operator fits its operands, and the whole is
 * true or false. Only operators are taken whose cost is at most that of reading the request once: no comprehensions (`all`,
 * `exists`, `filter`, `map`), no regular expressions, no texts put together. Without a type, only the operators are checked.
 *
 * @param expr - The parsed condition.
 * @param request - The request message; absent where it is not known.
 * @throws ConditionError that says what does not fit.
 */
export function checkCondition(expr: Expr, request: DescMessage | undefined): void {
  const type = typeOf(expr);
  if (type !== undefined && type.kind !== "bool") throw new ConditionError(`it is ${a(type)}, and not true or false`);

  /** The type of a part; `undefined` where the request is not known. */
  function typeOf({ exprKind }: Expr): ValueType | undefined {
    switch (exprKind.case) {
      case "constExpr":
        return typeOfConstant(exprKind.value.constantKind.case);
      case "identExpr":
        return typeOfName(exprKind.value.name);
      case "selectExpr": {
        const { operand, field, testOnly } = exprKind.value;
        const of = operand && typeOf(operand);
        const type = of && fieldOf(of, field);
        return testOnly ? { kind: "bool" } : type;
      }
      case "listExpr":
        return typeOfList(exprKind.value.elements);
      case "callExpr":
        return typeOfCall(exprKind.value);
      case "comprehensionExpr":
        throw new ConditionError("all, exists, filter and map are not taken: their cost has no bound");
      default:
        throw new ConditionError("messages and maps cannot be made in it");
    }
  }

  function typeOfName(name: string): ValueType | undefined {
    if (!request) return undefined;
    if (name === wholeRequest) return { kind: "message", desc: request };
    return fieldOf({ kind: "message", desc: request }, name);
  }

  function typeOfList(elements: readonly Expr[]): ValueType {
    const types = elements.map(typeOf);
    const [first] = types;
    if (first === undefined) {
      if (elements.length === 0) throw new ConditionError("a list in it is empty");
      return { kind: "list", element: { kind: "int" } }; // Of fields of a request that is not known.
    }
    for (const type of types) if (type) comparable(first, type);
    return { kind: "list", element: first };
  }

  function typeOfCall({ function: name, target, args }: Call): ValueType | undefined {
    const [first, second, third] = args.map(typeOf);
    const of = target && typeOf(target);
    if (name === "_&&_" || name === "_||_" || name === "!_") {
      for (const type of [first, second]) must(type, ["bool"], "true or false");
      return { kind: "bool" };
    }
    if (name === "_?_:_") {
      must(first, ["bool"], "true or false");
      if (second && third && second.kind !== third.kind)
        throw new ConditionError(`one end of ?: is ${a(second)}, the other ${a(third)}`);
      return second ?? third;
    }
    if (equalities.has(name) || orders.has(name)) {
      for (const type of [first, second]) must(type, orders.has(name) ? ordered : scalars, "a number or a text");
      if (first && second) comparable(first, second);
      return { kind: "bool" };
    }
    if (arithmetic.has(name) || name === "-_") {
      for (const type of [first, second]) must(type, numbers, "a number");
      if (first && second && first.kind !== second.kind)
        throw new ConditionError(
          `CEL does not calculate with ${a(first)} and ${a(second)}: write 2.0 for a double, 2u for a uint`,
        );
      return first ?? second;
    }
    if (name === "@in") {
      must(first, scalars, "a number or a text");
      if (!second) return { kind: "bool" };
      if (second.kind !== "list" && second.kind !== "map")
        throw new ConditionError(`"in" looks in a list or a map, and not in ${a(second)}`);
      if (first) comparable(second.kind === "list" ? second.element : second.key, first);
      return { kind: "bool" };
    }
    if (name === "_[_]") {
      if (!first) return undefined;
      if (first.kind !== "list" && first.kind !== "map")
        throw new ConditionError(`[] reads a list or a map, and not ${a(first)}`);
      if (second) comparable(first.kind === "list" ? { kind: "int" } : first.key, second);
      return first.kind === "list" ? first.element : first.value;
    }
    if (name === "size") {
      must(of ?? first, ["string", "bytes", "list", "map"], "a text, bytes, a list or a map");
      return { kind: "int" };
    }
    if (searches.has(name) && target) {
      must(of, ["string"], "a text");
      // Otherwise a request of two long texts would take the product of their lengths.
      const searched = args[0]?.exprKind;
      if (searched?.case !== "constExpr" || searched.value.constantKind.case !== "stringValue")
        throw new ConditionError(`${name} takes a text that stands in the condition`);
      return { kind: "bool" };
    }
    throw new ConditionError(
      `${shown(name)} is not taken; a condition may use && || ! == != < <= > >= + - * / % ?: in [] has size startsWith endsWith contains`,
    );
  }
}

const numbers = ["int", "uint", "double"];
const ordered = [...numbers, "string", "bytes"];
const scalars = [...ordered, "bool"];

function must(type: ValueType | undefined, kinds: readonly string[], what: string): void {
  if (type && !kinds.includes(type.kind)) throw new ConditionError(`${a(type)} stands where ${what} is needed`);
}

/** Numbers of all kinds compare with each other; everything else with its own kind. */
function comparable(one: ValueType, other: ValueType): void {
  if (one.kind === other.kind || (numbers.includes(one.kind) && numbers.includes(other.kind))) return;
  throw new ConditionError(`${a(one)} is compared with ${a(other)}`);
}

function fieldOf(of: ValueType, name: string): ValueType {
  if (of.kind !== "message") throw new ConditionError(`${a(of)} has no field ${shown(name)}`);
  const field = of.desc.fields.find((one) => one.name === name);
  if (!field) throw new ConditionError(`${of.desc.typeName} has no field ${shown(name)}; it has ${namesOf(of.desc)}`);
  return typeOfField(field);
}

function namesOf({ fields }: DescMessage): string {
  const names = fields.slice(0, 8).map(({ name }) => name);
  return fields.length === 0 ? "none" : `${names.join(", ")}${fields.length > 8 ? " and others" : ""}`;
}

function typeOfConstant(kind: string | undefined): ValueType {
  switch (kind) {
    case "boolValue":
      return { kind: "bool" };
    case "int64Value":
      return { kind: "int" };
    case "uint64Value":
      return { kind: "uint" };
    case "doubleValue":
      return { kind: "double" };
    case "stringValue":
      return { kind: "string" };
    case "bytesValue":
      return { kind: "bytes" };
    default:
      throw new ConditionError(
        "null is not taken: a field always has a value; has(this.field) tells whether it is set",
      );
  }
}

function a(type: ValueType): string {
  const name = type.kind === "message" ? type.desc.typeName : type.kind;
  return `${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
