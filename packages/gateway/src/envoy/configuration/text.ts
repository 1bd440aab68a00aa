/** Writes a value as YAML: JSON is a part of it, so nothing in a value can end it. */
export function quote(value: string | number | boolean): string {
  return JSON.stringify(value);
}

/** Writes a list of values in one line. */
export function quoteAll(values: readonly string[]): string {
  return `[${values.map(quote).join(", ")}]`;
}

/** Moves every line of a block to the right by so many columns. Empty lines stay empty. */
export function indent(block: string, columns: number): string {
  const space = " ".repeat(columns);
  return block
    .split("\n")
    .map((line) => (line === "" ? line : space + line))
    .join("\n");
}

/** Writes a text from elsewhere as a comment of one line, at most 160 characters of it. */
export function comment(text: string): string {
  return `# ${text
    .replace(/[\p{C}\p{Z}\s]+/gu, " ")
    .trim()
    .slice(0, 160)}`;
}

/** Writes a duration in the form of protobuf's JSON mapping. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(3))}s`;
}

/** The type URL of one of Envoy's messages. */
export function type(name: string): string {
  return `"@type": type.googleapis.com/envoy.${name}`;
}
