import type { JsonValue, Registry } from "@bufbuild/protobuf";
import { isJsonList, isJsonNumber, isJsonObject, type Json } from "./read-json.js";

/** What is needed everywhere in a message while it is checked. */
export interface Preparation {
  /** Every message of the project: those that an Any may hold. */
  readonly registry: Registry;
  /** What is wrong, each with the place of the value. */
  readonly faults: string[];
}

/** The maximum number of faults that are looked for in one message. */
export const maximumFaults = 10;

/** The maximum length of a value in an error, in characters. */
const maximumShown = 60;

/** What a value becomes for `fromJson`, or what is wrong with it. */
export type Prepared = { readonly value: JsonValue } | { readonly fault: string };

/** Returns the prepared value; adds what is wrong with it to the faults, with its place. */
export function settle(to: Preparation, path: string, json: Json, prepared: Prepared): JsonValue {
  if ("value" in prepared) return prepared.value;
  if (to.faults.length < maximumFaults) {
    to.faults.push(`${path ? quoted(path) : "the message"} cannot be ${shown(json)}: ${prepared.fault}`);
  }
  return null;
}

/** A text in quotation marks; the beginning of one that is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > maximumShown ? `${text.slice(0, maximumShown)}…` : text);
}

function shown(json: Json): string {
  if (typeof json === "string") return quoted(json);
  if (isJsonObject(json)) return "an object";
  if (isJsonList(json)) return "a list";
  return isJsonNumber(json) ? json.digits.slice(0, maximumShown) : String(json);
}
