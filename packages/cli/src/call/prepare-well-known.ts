import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { protoCamelCase, protoSnakeCase } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { type Preparation, type Prepared, settle } from "./preparation.js";
import { prepareScalar } from "./prepare-scalar.js";
import { isJsonList, isJsonNumber, isJsonObject, type Json } from "./read-json.js";

type Prepare = (to: Preparation, json: Json, path: string) => JsonValue;

/** The messages of `google.protobuf` that JSON has another form for, except Any. */
const forms: Readonly<Record<string, Prepare>> = {
  "google.protobuf.Timestamp": (to, json, path) => settle(to, path, json, prepareTimestamp(json)),
  "google.protobuf.Duration": (to, json, path) => settle(to, path, json, prepareDuration(json)),
  "google.protobuf.FieldMask": (to, json, path) => settle(to, path, json, prepareFieldMask(json)),
  "google.protobuf.Value": prepareValue,
  "google.protobuf.Struct": (to, json, path) =>
    isJsonObject(json) ? prepareValue(to, json, path) : settle(to, path, json, { fault: "write an object" }),
  "google.protobuf.ListValue": (to, json, path) =>
    isJsonList(json) ? prepareValue(to, json, path) : settle(to, path, json, { fault: "write a list" }),
};

/**
 * Returns the function that prepares a message which has a form of its own in JSON, such as a Timestamp; `undefined` for
 * another message.
 */
export function wellKnownForm(desc: DescMessage): Prepare | undefined {
  if (Object.hasOwn(forms, desc.typeName)) return forms[desc.typeName];
  if (!isWrapperDesc(desc)) return undefined;
  const { scalar } = desc.fields[0];
  return (to, json, path) => settle(to, path, json, prepareScalar(scalar, json));
}

function prepareValue(to: Preparation, json: Json, path: string): JsonValue {
  if (isJsonNumber(json)) return settle(to, path, json, prepareScalar(ScalarType.DOUBLE, json));
  if (isJsonList(json)) return json.map((item, i) => prepareValue(to, item, `${path}[${i}]`));
  if (!isJsonObject(json)) return json;
  return Object.fromEntries([...json].map(([key, value]) => [key, prepareValue(to, value, `${path}.${key}`)]));
}

const timestampForm = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const exampleTimestamp = 'write it as "2030-01-31T08:00:00.5Z", with up to nine digits of a second';
const earliestMs = Date.parse("0001-01-01T00:00:00Z");
const latestMs = Date.parse("9999-12-31T23:59:59.999Z");

/** `Date.parse` takes February 30 for March 2, so each part is looked at. */
function prepareTimestamp(json: Json): Prepared {
  const [, ...parts] = (typeof json === "string" && timestampForm.exec(json)) || [];
  if (typeof json !== "string" || parts.length === 0) return { fault: exampleTimestamp };
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!isDay || hour > 23 || minute > 59) return { fault: "there is no such time" };
  if (second > 59) return { fault: "a Timestamp has no leap second" };
  const ms = Date.parse(json);
  return ms >= earliestMs && ms <= latestMs ? { value: json } : { fault: "it is not in the years 1 to 9999" };
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const durationForm = /^-?(\d{1,12})(?:\.(\d{1,9}))?s$/;
const maximumSeconds = 315_576_000_000;

function prepareDuration(json: Json): Prepared {
  const [, whole, fraction = ""] = (typeof json === "string" && durationForm.exec(json)) || [];
  if (typeof json !== "string" || whole === undefined)
    return { fault: 'write seconds as "1.5s", with up to nine digits after the point' };
  const isInRange = Number(whole) + (Number(fraction) > 0 ? 1 : 0) <= maximumSeconds;
  return isInRange ? { value: json } : { fault: `it is longer than ${maximumSeconds} seconds` };
}

function prepareFieldMask(json: Json): Prepared {
  if (typeof json !== "string") return { fault: 'write the fields as one string: "itemId,place.shelf"' };
  const wrong = json.split(",").find((path) => json !== "" && !comesBack(path));
  if (wrong === undefined) return { value: json };
  return { fault: `the path ${JSON.stringify(wrong)} must be in lowerCamelCase, such as "itemId,place.shelf"` };
}

/** Whether a path is that of a field whose name in the proto file can be told from it. */
function comesBack(path: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$/.test(path) && protoCamelCase(protoSnakeCase(path)) === path;
}
