const width = 120;

/** Prints a JSON value as TypeScript, objects with one property per line; `indent` is that of its first line. */
export function printLiteral(value: unknown, indent = "", column = indent.length): string {
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => printLiteral(item)).join(", ")}]`;
    if (!flat.includes("\n") && column + flat.length < width) return flat;
    return `[\n${value.map((item) => `${indent}  ${printLiteral(item, `${indent}  `)},\n`).join("")}${indent}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const lines = Object.entries(value).map(([key, item]) => {
    const start = `${indent}  ${key}: `;
    return `${start}${printLiteral(item, `${indent}  `, start.length)},\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}
