/** The form of a JSON value: a plain type, a list of one form, or an object; the key of a field that may be absent ends with `?`. */
export type Shape = "string" | "number" | "boolean" | readonly [Shape] | { readonly [key: string]: Shape };

/** Says where a value differs from a form, for example `endpoints[3].name is no string`; undefined when it does not. */
export function mismatch(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === "string") {
    // A number of JSON is finite, and a time beyond these cannot be written as a date.
    const fits = typeof value === shape && (typeof value !== "number" || Math.abs(value) <= 8.64e15);
    return fits ? undefined : `${path} is no ${shape}`;
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return `${path} is no list`;
    for (const [i, item] of value.entries()) {
      const fault = mismatch(item, shape[0], `${path}[${i}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `${path} is no object`;
  for (const [key, inner] of Object.entries(shape)) {
    const name = key.replace("?", "");
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (field === undefined && key !== name) continue;
    const fault = mismatch(field, inner, `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
