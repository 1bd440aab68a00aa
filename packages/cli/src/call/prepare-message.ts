import { type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { listNames } from "./list-names.js";
import { maximumFaults, type Preparation, quoted, settle } from "./preparation.js";
import { prepareEnum, prepareScalar } from "./prepare-scalar.js";
import { wellKnownForm } from "./prepare-well-known.js";
import { isJsonList, isJsonObject, type Json, type JsonObject } from "./read-json.js";
import { isIntegerType, readInteger } from "./read-number.js";

/**
 * Checks a message in the JSON mapping of protobuf, and prepares it for `fromJson`: every field under one name, every number
 * exact. What cannot be sent as it was written is added to the faults.
 *
 * @param path - The place of the message in the one that is sent; empty for that itself.
 */
export function prepareMessage(to: Preparation, desc: DescMessage, json: Json, path: string): JsonValue {
  const prepare = wellKnownForm(desc);
  if (prepare) return prepare(to, json, path);
  if (!isJsonObject(json)) return settle(to, path, json, { fault: `write an object, such as ${exampleOf(desc)}` });
  return desc.typeName === "google.protobuf.Any" ? prepareAny(to, json, path) : prepareFields(to, desc, json, path);
}

function exampleOf({ fields: [first] }: DescMessage): string {
  return first ? `{"${first.jsonName}": …}` : "{}";
}

function prepareFields(to: Preparation, desc: DescMessage, json: JsonObject, path: string): JsonValue {
  const given = new Map<string, string>();
  const entries: [string, JsonValue][] = [];
  for (const [key, value] of json) {
    if (to.faults.length >= maximumFaults) break;
    const at = path ? `${path}.${key}` : key;
    const field = desc.fields.find(({ name, jsonName }) => key === jsonName || key === name);
    if (field === undefined) {
      const names = desc.fields.map(({ jsonName }) => jsonName);
      to.faults.push(`there is no field ${quoted(at)}${listNames(key, names)}`);
    } else if (isFirst(field.name, at) && !isUnset(field, value)) {
      if (field.oneof && !isFirst(`oneof ${field.oneof.name}`, at)) continue;
      entries.push([field.jsonName, prepareField(to, field, value, at)]);
    }
  }
  return Object.fromEntries(entries); // Makes own properties, also of "__proto__".

  function isFirst(place: string, at: string): boolean {
    const before = given.get(place);
    if (before !== undefined) to.faults.push(`give only one of ${quoted(before)} and ${quoted(at)}`);
    given.set(place, at);
    return before === undefined;
  }
}

/** Whether a value stands for the default: null does, except where it is a value itself. */
function isUnset(field: DescField, value: Json): boolean {
  return value === null && (field.fieldKind === "list" || field.fieldKind === "map" || !takesNull(field));
}

/** Whether null is a value of the field's type. */
function takesNull(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value" || field.enum?.typeName === "google.protobuf.NullValue";
}

function prepareField(to: Preparation, field: DescField, json: Json, path: string): JsonValue {
  if (field.fieldKind === "list") {
    if (!isJsonList(json)) return settle(to, path, json, { fault: "write a list" });
    return json.map((item, i) => prepareSingle(to, field, item, `${path}[${i}]`));
  }
  if (field.fieldKind !== "map") return prepareSingle(to, field, json, path);
  if (!isJsonObject(json)) return settle(to, path, json, { fault: "write an object" });
  const entries = [...json].map(([key, value]): [string, JsonValue] => {
    const fault = keyFault(field.mapKey, key);
    if (fault && to.faults.length < maximumFaults)
      to.faults.push(`${quoted(path)} cannot have the key ${quoted(key)}: ${fault}`);
    return [key, prepareSingle(to, field, value, `${path}[${JSON.stringify(key)}]`)];
  });
  return Object.fromEntries(entries);
}

/** Says what is wrong with the key of a map. It is written in one way only, so that no two keys are one. */
function keyFault(type: ScalarType, key: string): string | undefined {
  if (type === ScalarType.BOOL) return key === "true" || key === "false" ? undefined : 'write "true" or "false"';
  if (!isIntegerType(type)) return undefined;
  const read = readInteger(key, type);
  if (typeof read === "string") return read;
  return `${read}` === key ? undefined : `write "${read}"`;
}

/** Prepares the value of a field, an item of a list, or a value of a map. */
function prepareSingle(to: Preparation, field: DescField, json: Json, path: string): JsonValue {
  if (to.faults.length >= maximumFaults || (json === null && takesNull(field))) return null;
  if (json === null) return settle(to, path, json, { fault: "leave it out" });
  if (field.message) return prepareMessage(to, field.message, json, path);
  if (field.enum) return settle(to, path, json, prepareEnum(field.enum, json));
  return settle(to, path, json, prepareScalar(field.scalar as ScalarType, json));
}

const anyPrefix = "type.googleapis.com/";

/** An Any holds a message of the project, under the type's one usual name. */
function prepareAny(to: Preparation, json: JsonObject, path: string): JsonValue {
  if (json.size === 0) return {};
  const at = path ? `${path}.@type` : "@type";
  const type = json.get("@type") ?? null;
  const name = typeof type === "string" && type.startsWith(anyPrefix) ? type.slice(anyPrefix.length) : undefined;
  if (name === undefined)
    return settle(to, at, type, { fault: `write "${anyPrefix}" and the full name of the message` });
  const desc = to.registry.getMessage(name);
  if (desc === undefined) {
    return settle(to, at, type, {
      fault: "the proto files of this project have no such message; import its file in one",
    });
  }
  const rest = new Map([...json].filter(([key]) => key !== "@type"));
  if (!hasCustomJsonRepresentation(desc)) {
    return { "@type": type as string, ...(prepareFields(to, desc, rest, path) as object) };
  }
  const others = [...rest.keys()].filter((key) => key !== "value");
  for (const key of others)
    to.faults.push(`there is no field ${quoted(path ? `${path}.${key}` : key)}; there are: value`);
  const value = path ? `${path}.value` : "value";
  if (!rest.has("value")) return settle(to, value, null, { fault: "an Any of this message needs it" });
  return { "@type": type as string, value: prepareMessage(to, desc, rest.get("value") ?? null, value) };
}
