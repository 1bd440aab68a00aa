import { InterlockError } from "@interlock/bot";

/**
 * Holds a message that a person wrote against what was understood of it: proto-loader passes over fields that it does not
 * know, and makes 0 of text where a number is meant. Throws `INVALID_ARGUMENT`, naming each such field.
 */
export function checkMessage(given: object, understood: object): void {
  const faults = compare("", given, understood);
  if (faults.length > 0) throw new InterlockError("INVALID_ARGUMENT", `Nothing was sent: ${faults.join("; ")}.`);
}

function compare(path: string, given: unknown, understood: unknown): string[] {
  if (Array.isArray(given) && Array.isArray(understood)) {
    return given.flatMap((item, i) => compare(`${path}[${i}]`, item, understood[i]));
  }
  if (isObject(given) && isObject(understood)) {
    return Object.entries(given).flatMap(([key, value]) => {
      const at = path ? `${path}.${key}` : key;
      if (key in understood) return compare(at, value, understood[key]);
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
  // A 64-bit number is text on our side, a float has lost some digits, and base64 may come without its padding.
  if (typeof given === "number" && Math.fround(given) === Number(understood)) return true;
  return String(given).replace(/=+$/, "") === String(understood).replace(/=+$/, "");
}
