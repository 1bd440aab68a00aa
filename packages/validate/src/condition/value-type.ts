import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ConditionError } from "./condition-error.js";

/** The type of a part of a condition. */
export type ValueType =
  | { readonly kind: "bool" | "int" | "uint" | "double" | "string" | "bytes" }
  | { readonly kind: "message"; readonly desc: DescMessage }
  | { readonly kind: "list"; readonly element: ValueType }
  | { readonly kind: "map"; readonly key: ValueType; readonly value: ValueType };

/** The type of a field of a message, as CEL has it: an enum is an int. */
export function typeOfField(field: DescField): ValueType {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(field.scalar);
    case "enum":
      return { kind: "int" };
    case "message":
      return message(field.message, field.name);
    case "list":
      return { kind: "list", element: elementOf(field.listKind, field) };
    case "map":
      return { kind: "map", key: scalar(field.mapKey), value: elementOf(field.mapKind, field) };
  }
}

function elementOf(
  kind: "scalar" | "enum" | "message",
  field: Pick<DescField, "name" | "scalar" | "message">,
): ValueType {
  if (kind === "enum") return { kind: "int" };
  return kind === "message" ? message(field.message as DescMessage, field.name) : scalar(field.scalar as ScalarType);
}

// CEL makes values of other types of them, which differ between its implementations.
function message(desc: DescMessage, field: string): ValueType {
  if (desc.typeName.startsWith("google.protobuf."))
    throw new ConditionError(`${field} is a ${desc.typeName}, which a condition cannot look at`);
  return { kind: "message", desc };
}

function scalar(type: ScalarType): ValueType {
  switch (type) {
    case ScalarType.BOOL:
      return { kind: "bool" };
    case ScalarType.STRING:
      return { kind: "string" };
    case ScalarType.BYTES:
      return { kind: "bytes" };
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return { kind: "double" };
    case ScalarType.UINT32:
    case ScalarType.UINT64:
    case ScalarType.FIXED32:
    case ScalarType.FIXED64:
      return { kind: "uint" };
    default:
      return { kind: "int" };
  }
}
