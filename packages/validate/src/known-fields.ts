import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/**
 * Leaves out of a message what its generated codec has kept without reading it: unknown fields, and known ones in the wire type of
 * another. The library would read those by their number, and see another value than the handler has.
 *
 * @param desc - The type of the message.
 * @param bytes - The message, as the codec has written it.
 * @returns The message with the fields that the codec reads.
 */
export function knownFields(desc: DescMessage, bytes: Uint8Array): Uint8Array {
  const fields = fieldsOf(desc);
  const reader = new BinaryReader(bytes);
  return isKnown(fields, reader, reader.len) ? bytes : copyKnown(fields, bytes);
}

/** A field, or the key or the value in an entry of a map. */
export interface Known {
  readonly fieldKind: DescField["fieldKind"];
  readonly scalar?: ScalarType | undefined;
  readonly message?: DescMessage | undefined;
  /** Of a map: the kind of its keys. */
  readonly mapKey?: ScalarType | undefined;
}

type Fields = (number: number) => Known | undefined;

function fieldsOf({ fields }: DescMessage): Fields {
  return (number) => fields.find((field) => field.number === number);
}

/** The fields of what a field holds, where that is a message or an entry of a map with messages; `undefined` for others. */
function innerOf({ fieldKind, message, mapKey }: Known): Fields | undefined {
  if (!message) return undefined;
  if (fieldKind !== "map") return fieldsOf(message);
  const entry: readonly Known[] = [
    { fieldKind: "scalar", scalar: mapKey },
    { fieldKind: "message", message },
  ];
  return (number) => entry[number - 1];
}

/** Whether there is nothing to leave out, which is so of almost every message: nothing is copied then. */
function isKnown(find: Fields, reader: BinaryReader, end: number): boolean {
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = find(number);
    if (!field || !fits(field, wireType)) return false;
    const inner = innerOf(field);
    if (!inner) reader.skip(wireType, number);
    else {
      const length = reader.uint32(); // Before the position is read, which it moves.
      if (!isKnown(inner, reader, reader.pos + length)) return false;
    }
  }
  return true;
}

function copyKnown(find: Fields, bytes: Uint8Array): Uint8Array {
  const reader = new BinaryReader(bytes);
  const writer = new BinaryWriter();
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [number, wireType] = reader.tag();
    const field = find(number);
    const inner = field && fits(field, wireType) ? innerOf(field) : undefined;
    if (inner) {
      writer.tag(number, wireType).bytes(copyKnown(inner, reader.bytes()));
      continue;
    }
    reader.skip(wireType, number);
    if (field && fits(field, wireType)) writer.raw(bytes.subarray(from, reader.pos));
  }
  return writer.finish();
}

/** Whether a field is read from a wire type. */
export function fits({ fieldKind, scalar, message }: Known, wireType: WireType): boolean {
  if (fieldKind === "map" || message) return wireType === WireType.LengthDelimited;
  const own = scalar === undefined ? WireType.Varint : wireTypeOf(scalar);
  return wireType === own || (fieldKind === "list" && wireType === WireType.LengthDelimited);
}

function wireTypeOf(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
