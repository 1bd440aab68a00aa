import { ScalarType } from "@bufbuild/protobuf";

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** No integer type has more digits. */
const maximumDigits = 20;

type IntegerType = Exclude<
  ScalarType,
  ScalarType.BOOL | ScalarType.STRING | ScalarType.BYTES | ScalarType.DOUBLE | ScalarType.FLOAT
>;

const signed32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const unsigned32 = [0n, 2n ** 32n - 1n] as const;
const signed64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const unsigned64 = [0n, 2n ** 64n - 1n] as const;

/** The least and the greatest value of each integer type. */
const ranges: Readonly<Record<IntegerType, readonly [bigint, bigint]>> = {
  [ScalarType.INT32]: signed32,
  [ScalarType.SINT32]: signed32,
  [ScalarType.SFIXED32]: signed32,
  [ScalarType.UINT32]: unsigned32,
  [ScalarType.FIXED32]: unsigned32,
  [ScalarType.INT64]: signed64,
  [ScalarType.SINT64]: signed64,
  [ScalarType.SFIXED64]: signed64,
  [ScalarType.UINT64]: unsigned64,
  [ScalarType.FIXED64]: unsigned64,
};

/** Whether a scalar type is an integer type. */
export function isIntegerType(type: ScalarType): type is IntegerType {
  return Object.hasOwn(ranges, type);
}

/** Reads an integer of a type, such as `7`, `7.0` or `7e3`. Returns what is wrong for anything else. */
export function readInteger(digits: string, type: IntegerType): bigint | string {
  const whole = wholeOf(digits);
  if (whole === undefined) return "it is no whole number";
  const [least, greatest] = ranges[type];
  return whole >= least && whole <= greatest ? whole : `it is not from ${least} to ${greatest}`;
}

/** The value of a whole number; `undefined` for another text. A number with too many digits has any value out of all ranges. */
function wholeOf(digits: string): bigint | undefined {
  const [, sign, whole = "", fraction = "", exponent = "0"] = form.exec(digits) ?? [];
  if (sign === undefined) return undefined;
  const significant = `${whole}${fraction}`.replace(/^0+/, "");
  if (significant === "") return 0n;
  const kept = significant.replace(/0+$/, "");
  const zeros = Number(exponent) - fraction.length + (significant.length - kept.length);
  if (zeros < 0) return undefined;
  const value = kept.length + zeros > maximumDigits ? 10n ** 20n : BigInt(kept) * 10n ** BigInt(zeros);
  return sign ? -value : value;
}

/**
 * Reads a number for a `double` or a `float`. A fraction is rounded, as everywhere. Returns what is wrong for a text that is
 * no number, for a value out of range, and for a whole number in full digits of which some would be lost.
 */
export function readFloat(digits: string, type: ScalarType.DOUBLE | ScalarType.FLOAT): number | string {
  if (!form.test(digits)) return "it is no number";
  const name = type === ScalarType.DOUBLE ? "double" : "float";
  const value = Number(digits);
  const held = type === ScalarType.DOUBLE ? value : Math.fround(value);
  if (!Number.isFinite(held)) return `it is too large for a ${name}`;
  if (held === 0 && /[1-9]/.test(digits.replace(/[eE].*/, ""))) return `it is too small for a ${name}`;
  if (/^-?\d+$/.test(digits) && BigInt(held) !== BigInt(digits))
    return `a ${name} would lose digits of it, and be ${held}`;
  return value;
}
