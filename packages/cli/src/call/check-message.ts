import { InterlockError } from "@interlock/bot";

/**
 * Compares a message as it was written with the message as it was parsed: proto-loader ignores unknown fields, and
 * reads text in a number field as 0. Throws `INVALID_ARGUMENT` that names each such field.
 */
export function checkMessage(given: object, understood: object): void {
  const faults = compare("", given, understood);
  if (faults.length > 0)
    throw new InterlockError("INVALID_ARGUMENT", `The message was not sent: ${faults.join("; ")}.`);
}

function compare(path: string, given: unknown, understood: unknown): string[] {
  if (Array.isArray(given) && Array.isArray(understood)) {
    return given.flatMap((item, i) => compare(`${path}[${i}]`, item, understood[i]));
  }
  if (isObject(given) && isObject(understood)) {
    return Object.entries(given).flatMap(([key, value]) => {
      const at = path ? `${path}.${key}` : key;
      if (Object.hasOwn(understood, key)) return compare(at, value, understood[key]);
      const known = Object.keys(understood).join(", ") || "none";
      return [`there is no field "${at}"; there are: ${known}`];
    });
  }
  return same(given, understood) ? [] : [`"${path}" cannot be ${JSON.stringify(given)}`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function same(given: unknown, understood: unknown): boolean {
  if (isObject(given) || Array.isArray(given)) return false;
  // A 64-bit number is parsed as text, a float loses digits, and base64 may lack its padding.
  if (typeof given === "number" && Math.fround(given) === Number(understood)) return true;
  return String(given).replace(/=+$/, "") === String(understood).replace(/=+$/, "");
}
