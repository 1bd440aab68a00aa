import { WrongValue } from "./checked-writer.js";

/** A message with a value that its field cannot hold. The text names the field and what it takes. */
export class UnwritableMessage extends TypeError {
  override readonly name = "UnwritableMessage";
}

/** How deep a field is looked for; a message of more levels is named by the field at this one. */
const maximumDepth = 20;

/** Makes the error for a message that `write` has thrown `fault` for. It finds the field by writing parts of the message. */
export function unwritable(write: (message: unknown) => unknown, message: unknown, fault: unknown): UnwritableMessage {
  const faultOf = (part: unknown): unknown => {
    try {
      write(part);
      return undefined;
    } catch (thrown) {
      return thrown;
    }
  };
  const { path, value, cause } = locate(message, (part) => part, maximumDepth) ?? {
    path: "",
    value: message,
    cause: fault,
  };
  const field = path === "" ? "the message" : `the field "${path}"`;
  return new UnwritableMessage(`${field} cannot be ${describe(value)}: ${neededBy(cause, value)}`, { cause });

  /** The faulty field in `value`, which is at the place where `within` puts it. */
  function locate(value: unknown, within: (part: unknown) => unknown, depth: number): Found | undefined {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array || depth === 0) return undefined;
    // A list may be at fault itself, where none is meant.
    if (Array.isArray(value) && faultOf(within([])) !== undefined) return undefined;
    for (const [key, part] of Object.entries(value)) {
      const around = (inner: unknown) => within(Array.isArray(value) ? [inner] : { ...caseOf(value), [key]: inner });
      const cause = faultOf(around(part));
      if (cause === undefined) continue;
      const inner = locate(part, around, depth - 1);
      if (!inner) return { path: key, value: part, cause };
      return { ...inner, path: `${key}.${inner.path}` };
    }
    return undefined;
  }
}

interface Found {
  readonly path: string;
  readonly value: unknown;
  readonly cause: unknown;
}

/** A oneof is written only with the name of its case. */
function caseOf(value: object): object {
  return "$case" in value ? { $case: value.$case } : {};
}

// Texts are not repeated: they may be secrets.
function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean")
    return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return "text";
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return `a ${typeof value}`;
}

function neededBy(cause: unknown, value: unknown): string {
  if (cause instanceof WrongValue) return cause.message;
  // Only generated code reads these: it makes a bigint of each.
  if (typeof value === "number" || typeof value === "bigint") return "it takes a whole number of at most 64 bits";
  return "it takes another type";
}
