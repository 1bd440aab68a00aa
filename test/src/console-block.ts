/** One typed command. */
export interface Command {
  readonly text: string;
  /** The text after `#`. */
  readonly comment: string;
  /** The expected output, line by line; `…` matches anything. */
  readonly output: readonly string[];
}

/** Reads the commands of a console block: the lines that start with `$ `, or all lines if none does. */
export function readCommands(block: string): Command[] {
  const lines = block.replace(/\\\n\s*/g, "").split("\n");
  const prompted = lines.some((line) => line.startsWith("$ "));
  const commands: { text: string; comment: string; output: string[] }[] = [];
  for (const line of lines.filter((text) => text.trim() !== "")) {
    if (prompted && !line.startsWith("$ ")) {
      const last = commands.at(-1);
      if (!last) throw new Error(`"${line}" is printed by no command`);
      last.output.push(line);
      continue;
    }
    const [, text = "", comment = ""] = /^(?:\$ )?(.*?)(?:\s+#\s*(.*))?$/.exec(line) ?? [];
    if (text) commands.push({ text, comment, output: [] });
  }
  return commands;
}

/** Whether a printed text has a line like `expected`, in which `…` matches anything. */
export function prints(text: string, expected: string): boolean {
  const parts = expected.trim().split(/\s*…\s*/);
  const form = new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*"));
  return text.split("\n").some((line) => form.test(line));
}
