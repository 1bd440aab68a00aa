/** The figures of a soak as text for people, a line for each. */
export function describe(figures: Readonly<Record<string, unknown>>, ok: boolean): string {
  const lines = Object.entries(figures).map(
    ([name, value]) => `${name.padEnd(14)}${JSON.stringify(value) ?? "unknown"}`,
  );
  return `${lines.join("\n")}\n${ok ? "ok" : "NOT OK"}\n`;
}
