import { type DescEnum, ScalarType } from "@bufbuild/protobuf";
import { listNames } from "./list-names.js";
import type { Prepared } from "./preparation.js";
import { isJsonNumber, type Json } from "./read-json.js";
import { isIntegerType, readFloat, readInteger } from "./read-number.js";

const notFinite: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);

/** Prepares the value of a scalar field. A number may be written as a string. */
export function prepareScalar(type: ScalarType, json: Json): Prepared {
  switch (type) {
    case ScalarType.BOOL:
      return typeof json === "boolean" ? { value: json } : { fault: "write true or false" };
    case ScalarType.STRING:
      return typeof json === "string" ? { value: json } : { fault: "write a string" };
    case ScalarType.BYTES:
      return prepareBytes(json);
    default:
      return prepareNumber(type, json);
  }
}

function prepareNumber(type: ScalarType, json: Json): Prepared {
  const digits = isJsonNumber(json) ? json.digits : json;
  if (typeof digits !== "string") return { fault: "write a number" };
  if (isIntegerType(type)) {
    const read = readInteger(digits, type);
    return typeof read === "string" ? { fault: read } : { value: `${read}` };
  }
  if (notFinite.has(json)) return { value: digits };
  const read = readFloat(digits, type === ScalarType.FLOAT ? type : ScalarType.DOUBLE);
  return typeof read === "string" ? { fault: read } : { value: read };
}

/** Standard and URL-safe base64, with and without padding; no bit may be left over. */
function prepareBytes(json: Json): Prepared {
  if (typeof json !== "string") return { fault: "write a string of base64" };
  const bytes = Buffer.from(json, "base64");
  const plain = json
    .replace(/={1,2}$/, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/");
  const isWhole = plain.length === json.length || json.length % 4 === 0;
  if (!isWhole || bytes.toString("base64").replace(/=+$/, "") !== plain) return { fault: "it is no base64" };
  return { value: bytes.toString("base64") };
}

/** Prepares the value of an enum field: a name, an alias, or a number. */
export function prepareEnum(desc: DescEnum, json: Json): Prepared {
  const names = desc.values.map(({ name }) => name);
  if (typeof json === "string") {
    const found = desc.values.find(({ name, jsonName }) => name === json || jsonName === json);
    return found ? { value: found.number } : { fault: `it is no value of ${desc.typeName}${listNames(json, names)}` };
  }
  if (!isJsonNumber(json)) return { fault: `write the name or the number of a value of ${desc.typeName}` };
  const number = readInteger(json.digits, ScalarType.INT32);
  if (typeof number === "string") return { fault: number };
  const isTaken = desc.open || desc.values.some((value) => value.number === Number(number));
  return isTaken ? { value: Number(number) } : { fault: `it is no value of ${desc.typeName}${listNames("", names)}` };
}
