import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A field of a message with one of its extreme values, as bytes on the wire: what no codec of ours would write. */
export interface Extreme {
  /** The field and the value, for people: `lease.lease_token = 2^64-1`. */
  readonly name: string;
  /** Whether it has few bytes. */
  readonly small: boolean;
  /** Gives tag and value. Bytes of several fields, one after the other, are a message. They are made on demand: some are long. */
  bytes(): Uint8Array;
}

const numbers: readonly (readonly [string, bigint])[] = [
  ["0", 0n],
  ["1", 1n],
  ["2^31-1", 2n ** 31n - 1n],
  ["2^31", 2n ** 31n],
  ["2^32-1", 2n ** 32n - 1n],
  ["2^53", 2n ** 53n],
  ["2^62", 2n ** 62n],
  ["2^63-1", 2n ** 63n - 1n],
  ["-2^63", 2n ** 63n],
  ["-2^31", 2n ** 64n - 2n ** 31n],
  ["2^64-1 or -1", 2n ** 64n - 1n],
];
const doubles = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 1.5, 1e308, 5e-324];
const texts: readonly (readonly [string, Uint8Array])[] = [
  ["empty", Buffer.alloc(0)],
  ["x", Buffer.from("x")],
  ["NUL", Buffer.from("a\0b")],
  ["half a surrogate pair", Buffer.from([0x61, 0xed, 0xa0, 0x80])],
  ["no UTF-8", Buffer.from([0xff, 0xfe, 0xc0])],
  ["controls", Buffer.from("\x1b]52;c;eA==\x07\x9b2J\u202e")],
  ["300 characters", Buffer.alloc(300, "y")],
  ["70 kB of wide characters", Buffer.from("\u{1f9be}".repeat(17_500))],
  ["__proto__", Buffer.from("__proto__")],
  ["4 MiB", Buffer.alloc(4 * 1_024 * 1_024 - 200, "z")],
];
const blobs: readonly (readonly [string, Uint8Array])[] = [
  ["empty", Buffer.alloc(0)],
  ["one byte", Buffer.from([0xff])],
  ["1 MiB and 1", Buffer.alloc(1_024 * 1_024 + 1)],
  ["4 MiB", Buffer.alloc(4 * 1_024 * 1_024 - 200)],
];
/** How many members a huge repeated field has. */
const many = 20_000;

/** Every field of a message, and of the messages in it down to `depth`, with each of its extremes. */
export function extremesOf(message: DescMessage, depth = 4): Extreme[] {
  return message.fields.flatMap((field) => extremesOfField(field, depth));
}

function extremesOfField(field: DescField, depth: number): Extreme[] {
  const values = valuesOf(field, depth);
  const extremes = values.map((value) => ({ ...value, name: `${field.name}${value.name}` }));
  if (field.fieldKind !== "list") return extremes;
  const repeated = extremes
    .filter(({ small }) => small)
    .slice(0, 3)
    .map(({ name, bytes }) => ({
      name: `${name}, ${many} times`,
      small: false,
      bytes: () => Buffer.concat(Array<Uint8Array>(many).fill(bytes())),
    }));
  return [...extremes, ...repeated];
}

function valuesOf(field: DescField, depth: number): Extreme[] {
  const message = field.message;
  if (message) {
    const inside = depth > 0 ? extremesOf(message, depth - 1) : [];
    const wrapped = inside.map(({ name, small, bytes }) => ({
      name: `.${name}`,
      small,
      bytes: () => delimited(field, bytes()),
    }));
    return [{ name: " = {}", small: true, bytes: () => delimited(field, Buffer.alloc(0)) }, ...wrapped];
  }
  if (field.enum) {
    const known = field.enum.values.map(({ number }) => BigInt(number));
    return [...known, 99n, 2n ** 31n - 1n, 2n ** 64n - 1n].map((value) => varint(field, `${value}`, value));
  }
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return (field.scalar === ScalarType.STRING ? texts : blobs).map(([name, value]) => ({
        name: ` = ${name}`,
        small: value.length < 100,
        bytes: () => delimited(field, value),
      }));
    case ScalarType.DOUBLE:
      return doubles.map((value) => ({
        name: ` = ${value}`,
        small: true,
        bytes: () => new BinaryWriter().tag(field.number, WireType.Bit64).double(value).finish(),
      }));
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED32:
    case ScalarType.SFIXED64:
      throw new Error(`the field ${field.name} has a type for which there are no extremes yet: write some`);
    default:
      return numbers.map(([name, value]) => varint(field, name, value));
  }
}

function delimited(field: DescField, bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(bytes).finish();
}

function varint(field: DescField, name: string, value: bigint): Extreme {
  return {
    name: ` = ${name}`,
    small: true,
    bytes: () => new BinaryWriter().tag(field.number, WireType.Varint).uint64(BigInt.asUintN(64, value)).finish(),
  };
}
