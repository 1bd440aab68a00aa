import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import type { Located, LocatedMap } from "./read-yaml.js";

/** What {@link readFields} has read. */
export interface ReadFields {
  readonly message: Message;
  /** Each with its place: `policies.yaml:line:column: subject has …`. */
  readonly faults: readonly string[];
}

/**
 * Reads a mapping as a message of the policy options: its keys are the names of fields as the proto file has them, its values
 * those of the proto file, with enums by name.
 *
 * @param subject - Whose option it is, for faults.
 */
export function readFields(desc: DescMessage, fields: LocatedMap, subject: string): ReadFields {
  const faults: string[] = [];
  const json = toJson(desc, fields);
  // Each field has been read alone before, so nothing is left that could fail.
  return { message: faults.length > 0 ? create(desc) : fromJson(desc, json), faults };

  function toJson(type: DescMessage, map: LocatedMap): { [key: string]: JsonValue } {
    const json: { [key: string]: JsonValue } = {};
    for (const [name, { place, value }] of map) {
      const field = type.fields.find((one) => one.name === name);
      if (field === undefined) {
        const known = type.fields.map((one) => one.name).join(", ");
        faults.push(`${place}: ${subject} has the unknown field "${name}"; the fields are ${known}`);
        continue;
      }
      json[name] = fieldValue(type, field, place, value);
    }
    return json;
  }

  function fieldValue(type: DescMessage, field: DescField, place: string, located: Located): JsonValue {
    const { value } = located;
    if (value === null) {
      faults.push(`${place}: ${subject} has no value for "${field.name}": write one, or remove the field`);
      return null;
    }
    if (field.fieldKind === "message" && value instanceof Map) return toJson(field.message, value);
    const plain = plainOf(located);
    try {
      // JSON has numbers for enums, too; in a proto file, and so here, they have names only.
      if (isEnum(field) && [plain].flat().some((one) => typeof one === "number")) throw new TypeError("no name");
      fromJson(type, { [field.name]: plain });
    } catch {
      faults.push(`${located.place}: ${subject} has a wrong value for "${field.name}": write ${expected(field)}`);
    }
    return plain;
  }
}

function plainOf({ value }: Located): JsonValue {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [key, plainOf(entry.value)]));
  if (Array.isArray(value)) return value.map(plainOf);
  return value as string | number | boolean | null;
}

/** What stands in the field, in words. */
function expected(field: DescField): string {
  if (field.fieldKind === "list") {
    return `a list of ${field.listKind === "enum" ? enumNames(field.enum.values) : "texts"}`;
  }
  if (field.fieldKind === "enum") return enumNames(field.enum.values);
  if (field.fieldKind === "message") return `a mapping with ${field.message.fields.map(({ name }) => name).join(", ")}`;
  if (field.scalar === ScalarType.BOOL) return "true or false";
  return field.scalar === ScalarType.STRING ? "a text, in quotes where YAML reads it as something else" : "a number";
}

function isEnum(field: DescField): boolean {
  return field.fieldKind === "enum" || (field.fieldKind === "list" && field.listKind === "enum");
}

function enumNames(values: readonly { readonly name: string; readonly number: number }[]): string {
  return values.flatMap(({ name, number }) => (number === 0 ? [] : [name])).join(", ");
}
