import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** A JSON schema (draft 2020-12), as MCP carries it. */
export type JsonSchema = { readonly [key: string]: unknown };

/** The depth of messages below which a schema says only that there is an object: messages may hold themselves. */
const maximumDepth = 6;

/** The maximum number of fields in one schema. Beyond it, messages are objects without a description. */
const maximumFields = 1_000;

/** The maximum number of names of an enum that are listed. */
const maximumNames = 256;

/**
 * Makes the JSON schema of a message from its descriptor, by the JSON mapping of protobuf: names in camel case, 64-bit numbers and
 * bytes as text, enums by their names. Nothing is required, because proto3 requires nothing. It is a help for who fills it in: the
 * text that comes is read by the mapping itself.
 *
 * @example
 * ```ts
 * messageSchema(GripRequestSchema); // { type: "object", properties: { newtons: { type: "number" } }, additionalProperties: false }
 * ```
 */
export function messageSchema(desc: DescMessage): JsonSchema & { readonly type: "object" } {
  return objectSchema(desc, { depth: 0, left: { fields: maximumFields } });
}

interface Place {
  readonly depth: number;
  readonly left: { fields: number };
}

function objectSchema(desc: DescMessage, { depth, left }: Place): JsonSchema & { readonly type: "object" } {
  if (depth >= maximumDepth || left.fields < desc.fields.length) return { type: "object" };
  left.fields -= desc.fields.length;
  const below = { depth: depth + 1, left };
  return {
    type: "object",
    properties: Object.fromEntries(desc.fields.map((field) => [field.jsonName, fieldSchema(field, below)])),
    additionalProperties: false,
  };
}

function fieldSchema(field: DescField, place: Place): JsonSchema {
  const note = field.oneof ? { description: `At most one of ${namesOf(field.oneof.fields)}.` } : {};
  switch (field.fieldKind) {
    case "scalar":
      return { ...scalarSchema(field.scalar), ...note };
    case "enum":
      return { ...enumSchema(field.enum), ...note };
    case "message":
      return { ...valueSchema(field.message, place), ...note };
    case "list":
      return { type: "array", items: itemSchema(field, place) };
    case "map":
      return { type: "object", additionalProperties: itemSchema(field, place) };
  }
}

function itemSchema(field: DescField & ({ fieldKind: "list" } | { fieldKind: "map" }), place: Place): JsonSchema {
  const kind = field.fieldKind === "list" ? field.listKind : field.mapKind;
  if (kind === "enum") return enumSchema(field.enum as DescEnum);
  if (kind === "message") return valueSchema(field.message as DescMessage, place);
  return scalarSchema(field.scalar as ScalarType);
}

function valueSchema(desc: DescMessage, place: Place): JsonSchema {
  return wellKnown[desc.typeName] ?? objectSchema(desc, place);
}

/** The types that the mapping writes in a form of their own. */
const wellKnown: Readonly<Record<string, JsonSchema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", description: 'Seconds with "s", for example "1.5s".' },
  "google.protobuf.FieldMask": { type: "string", description: "Paths of fields, separated by commas." },
  "google.protobuf.Struct": { type: "object" },
  "google.protobuf.Value": {},
  "google.protobuf.ListValue": { type: "array" },
  "google.protobuf.Any": {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
  },
  "google.protobuf.BoolValue": { type: "boolean" },
  "google.protobuf.StringValue": { type: "string" },
  "google.protobuf.BytesValue": { type: "string", contentEncoding: "base64" },
  "google.protobuf.DoubleValue": { type: "number" },
  "google.protobuf.FloatValue": { type: "number" },
  "google.protobuf.Int32Value": { type: "integer" },
  "google.protobuf.UInt32Value": { type: "integer", minimum: 0 },
  "google.protobuf.Int64Value": { type: "string", pattern: "^-?[0-9]+$" },
  "google.protobuf.UInt64Value": { type: "string", pattern: "^[0-9]+$" },
};

function scalarSchema(type: ScalarType): JsonSchema {
  switch (type) {
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", minimum: 0, maximum: 4_294_967_295 };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: "integer", minimum: -2_147_483_648, maximum: 2_147_483_647 };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", pattern: "^[0-9]+$" };
    default:
      return { type: "string", pattern: "^-?[0-9]+$" };
  }
}

function enumSchema({ typeName, values }: DescEnum): JsonSchema {
  if (typeName === "google.protobuf.NullValue") return { type: "null" };
  if (values.length > maximumNames) return { type: "string" };
  return { type: "string", enum: values.map(({ name }) => name) };
}

function namesOf(fields: readonly DescField[]): string {
  return fields.map(({ jsonName }) => jsonName).join(", ");
}
