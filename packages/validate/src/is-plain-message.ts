import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { fits, type Known } from "./known-fields.js";

/**
 * Tells whether every reader sees the same in the bytes of a message: each field is one of its type, in the wire type of that field,
 * and none that holds one value, and no other of its `oneof`, is there twice. Readers differ in what they make of anything else: they
 * leave it out, take the last, or put two messages together. What a person has to decide on must be plain.
 *
 * @param desc - The type of the message.
 * @param bytes - The message, as it has come.
 * @returns Whether it is plain; false for bytes that are no message.
 *
 * @example
 * ```ts
 * isPlainMessage(request, Buffer.from("0a01610a0162", "hex")); // false: field 1 is there twice
 * ```
 */
export function isPlainMessage(desc: DescMessage, bytes: Uint8Array): boolean {
  try {
    const reader = new BinaryReader(bytes);
    return isPlain(fieldsOf(desc), reader, reader.len);
  } catch {
    return false;
  }
}

interface PlainField extends Known {
  readonly number: number;
  readonly oneof?: { readonly name: string } | undefined;
}

function fieldsOf({ fields }: DescMessage): readonly PlainField[] {
  return fields;
}

/** The key and the value of an entry of a map. */
function entryOf({ mapKey, scalar, message }: PlainField): readonly PlainField[] {
  return [
    { number: 1, fieldKind: "scalar", scalar: mapKey },
    { number: 2, fieldKind: message ? "message" : scalar === undefined ? "enum" : "scalar", scalar, message },
  ];
}

function isPlain(fields: readonly PlainField[], reader: BinaryReader, end: number): boolean {
  const seen = new Set<number | string>();
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = fields.find((one) => one.number === number);
    if (!field || !fits(field, wireType)) return false;
    if (holdsOne(field.fieldKind)) {
      const place = field.oneof?.name ?? number;
      if (seen.has(place)) return false;
      seen.add(place);
    }
    const inner = field.fieldKind === "map" ? entryOf(field) : field.message && fieldsOf(field.message);
    if (inner) {
      const length = reader.uint32(); // Before the position is read, which it moves.
      if (!isPlain(inner, reader, reader.pos + length)) return false;
    } else reader.skip(wireType, number);
  }
  return reader.pos === end;
}

function holdsOne(kind: DescField["fieldKind"]): boolean {
  return kind !== "list" && kind !== "map";
}
