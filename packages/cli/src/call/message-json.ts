import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type Registry,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { InterlockError } from "@interlock/bot";
import type { Preparation } from "./preparation.js";
import { prepareMessage } from "./prepare-message.js";
import { type Json, maximumJsonDepth, readJson } from "./read-json.js";

/** The maximum number of messages in each other: a list in a Struct is three of them, and one value of JSON. */
const recursionLimit = 4 * maximumJsonDepth;

/**
 * Reads a message in the JSON mapping of protobuf, and returns its bytes.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that names what cannot be sent as it was written.
 */
export function messageFromJson(desc: DescMessage, text: string, registry: Registry): Uint8Array {
  const to: Preparation = { registry, faults: [] };
  const prepared = prepareMessage(to, desc, parseMessageText(text), "");
  if (to.faults.length > 0) throw notSent(to.faults.join("; "));
  try {
    return toBinary(desc, fromJson(desc, prepared, { registry, recursionLimit }));
  } catch (cause) {
    throw notSent((cause as Error).message, cause);
  }
}

/**
 * Writes the bytes of a message in the JSON mapping of protobuf. Fields with their default are written too.
 *
 * @throws InterlockError `DATA_LOSS` for a message that JSON has no form for.
 */
export function messageToJson(desc: DescMessage, bytes: Uint8Array, registry: Registry): JsonValue {
  try {
    return toJson(desc, fromBinary(desc, bytes, { recursionLimit }), { registry, alwaysEmitImplicit: true });
  } catch (cause) {
    const problem = `The method was called, and its answer cannot be written as JSON: ${(cause as Error).message}.`;
    throw new InterlockError("DATA_LOSS", problem, { cause });
  }
}

/** Reads the text of a message as JSON. Throws `INVALID_ARGUMENT` that says what is wrong with it. */
export function parseMessageText(text: string): Json {
  try {
    return readJson(text);
  } catch (cause) {
    throw notSent(`${(cause as Error).message}. Write JSON, such as '{"newtons": 4}'`, cause);
  }
}

function notSent(problem: string, cause?: unknown): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The message was not sent: ${problem}.`, { cause });
}
