import { parseOverlay } from "./parse-overlay.js";

/**
 * The places of the policies in the text of a `policies.yaml`, by `package.Service/Method`, and of what it says of services, by
 * their full name. A file with faults has none.
 *
 * @example
 * ```ts
 * locatePolicies(text).get("vendor.arm.v1.ArmService/Move"); // { line: 4, column: 7 }
 * ```
 */
export function locatePolicies(text: string): ReadonlyMap<string, { readonly line: number; readonly column: number }> {
  const { services, faults } = parseOverlay(text);
  if (faults.length > 0) return new Map();
  return new Map(
    services.flatMap(({ name, place, fields, methods }) => [
      ...(fields.size > 0 ? [[name, position(place)] as const] : []),
      ...methods.map((method) => [`${name}/${method.name}`, position(method.place)] as const),
    ]),
  );
}

function position(place: string): { line: number; column: number } {
  const [line, column] = place.split(":").slice(-2).map(Number);
  return { line: line ?? 1, column: column ?? 1 };
}
