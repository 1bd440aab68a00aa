import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** A value that a field cannot hold. `needed` says what it can hold. */
export class WrongValue extends TypeError {
  readonly needed: string;

  constructor(needed: string) {
    super(`it takes ${needed}`);
    this.needed = needed;
  }
}

const maximumFloat = 2 ** 128 - 2 ** 103; // What is below it rounds to a finite float.

/**
 * Writes messages as {@link BinaryWriter} does, and only what has the type of its field. `BinaryWriter` takes text for a
 * number, where it becomes NaN or digits, and anything for a boolean or a text: callers without types send it by mistake. NaN
 * is refused as well, because it is what such a mistake becomes in a calculation. 64-bit integers are checked by generated code.
 */
export class CheckedWriter extends BinaryWriter {
  override bool(value: boolean): this {
    if (typeof value !== "boolean") throw new WrongValue("true or false");
    return super.bool(value);
  }

  override string(value: string): this {
    if (typeof value !== "string") throw new WrongValue("text");
    return super.string(value);
  }

  override bytes(value: Uint8Array): this {
    if (!(value instanceof Uint8Array)) throw new WrongValue("a Uint8Array");
    return super.bytes(value);
  }

  override double(value: number): this {
    if (!isNumber(value)) throw new WrongValue("a number");
    return super.double(value);
  }

  override float(value: number): this {
    if (!isNumber(value)) throw new WrongValue("a number");
    if (Math.abs(value) >= maximumFloat && Number.isFinite(value)) throw new WrongValue("a number that fits a float");
    return super.float(value);
  }

  override int32(value: number): this {
    return super.int32(int32(value));
  }

  override sint32(value: number): this {
    return super.sint32(int32(value));
  }

  override sfixed32(value: number): this {
    return super.sfixed32(int32(value));
  }

  override uint32(value: number): this {
    return super.uint32(uint32(value));
  }

  override fixed32(value: number): this {
    return super.fixed32(uint32(value));
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && !Number.isNaN(value);
}

// Every tag and every length goes through it, and nearly all of them are small.
function uint32(value: number): number {
  if (typeof value === "number" && value >>> 0 === value) return value;
  throw new WrongValue("a whole number from 0 to 4,294,967,295");
}

function int32(value: number): number {
  if (typeof value === "number" && (value | 0) === value) return value;
  throw new WrongValue("a whole number from -2,147,483,648 to 2,147,483,647");
}
