/** A value of JSON as it was written: objects keep their order and any key, numbers keep their digits. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;

/** An object of JSON. */
export type JsonObject = ReadonlyMap<string, Json>;

/** A number of JSON in its own digits. */
export interface JsonNumber {
  readonly digits: string;
}

/** The maximum length of a text, in characters: four times the largest message that a server takes. */
export const maximumJsonLength = 16_777_216;

/** The maximum number of objects and lists in each other, as protobuf bounds messages in each other. */
export const maximumJsonDepth = 100;

/** Whether a value is an object. */
export function isJsonObject(value: Json): value is JsonObject {
  return value instanceof Map;
}

/** Whether a value is a list. */
export function isJsonList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether a value is a number. */
export function isJsonNumber(value: Json): value is JsonNumber {
  return typeof value === "object" && value !== null && "digits" in value;
}

const space = /[ \t\n\r]*/y;
const literal = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const words: ReadonlyMap<string, Json> = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * Reads JSON (RFC 8259) without losing what `JSON.parse` loses: the digits of a large number, and the first of two equal
 * keys.
 *
 * @throws An `Error` that says what is wrong, and at which character: what is no JSON, a key that is given twice, half of a
 *   surrogate pair, a text above {@link maximumJsonLength}, values in each other above {@link maximumJsonDepth}.
 */
export function readJson(text: string): Json {
  if (text.length > maximumJsonLength) throw new Error(`it is longer than ${maximumJsonLength} characters`);
  let at = 0;
  const value = readValue(1);
  skipSpace();
  if (at < text.length) throw unexpected();
  return value;

  function readValue(depth: number): Json {
    skipSpace();
    const first = text[at];
    if (first !== "{" && first !== "[") return readLiteral();
    if (depth > maximumJsonDepth) throw new Error(`its values are in each other more than ${maximumJsonDepth} deep`);
    at++;
    return first === "{" ? readObject(depth) : readList(depth);
  }

  function readObject(depth: number): JsonObject {
    const fields = new Map<string, Json>();
    readItems("}", () => {
      if (text[at] !== '"') throw unexpected();
      const key = readString();
      if (fields.has(key)) throw new Error(`${JSON.stringify(key)} is given twice`);
      skipSpace();
      if (text[at++] !== ":") throw unexpected(at - 1);
      fields.set(key, readValue(depth + 1));
    });
    return fields;
  }

  function readList(depth: number): Json[] {
    const items: Json[] = [];
    readItems("]", () => void items.push(readValue(depth + 1)));
    return items;
  }

  function readItems(end: string, readItem: () => void): void {
    skipSpace();
    if (text[at] === end) return void at++;
    for (;;) {
      skipSpace();
      readItem();
      skipSpace();
      const next = text[at++];
      if (next === end) return;
      if (next !== ",") throw unexpected(at - 1);
    }
  }

  function readLiteral(): Json {
    if (text[at] === '"') return readString();
    literal.lastIndex = at;
    const [found] = literal.exec(text) ?? [];
    if (found === undefined) throw unexpected();
    at += found.length;
    const word = words.get(found);
    return word === undefined ? { digits: found } : word;
  }

  function readString(): string {
    const start = at++;
    // By hand: a pattern with a choice in it takes a place on the stack for each character.
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    const quoted = text.slice(start, ++at);
    const read = at > text.length ? undefined : unquote(quoted);
    if (read === undefined) throw unexpected(start);
    if (/\p{Surrogate}/u.test(read))
      throw new Error(`${quoted.slice(0, 60)} holds half of a surrogate pair, which is no character`);
    return read;
  }

  function skipSpace(): void {
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
  }

  function unexpected(place = at): Error {
    const found = text.slice(place, place + 20);
    return new Error(found === "" ? "it ends too early" : `it is no JSON at character ${place + 1}: ${found}`);
  }
}

function unquote(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined; // A control character, or an escape that JSON does not have.
  }
}
