/** One fenced code block. */
export interface Block {
  /** The text after the fence, for example `ts`; empty for none. */
  readonly language: string;
  readonly text: string;
  /** The line number of its fence, from 1. */
  readonly line: number;
}

/** Reads the fenced code blocks of a Markdown text (CommonMark, section 4.5; fences of backticks). */
export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; line: number; lines: string[] } | undefined;
  for (const [i, text] of markdown.split("\n").entries()) {
    if (open === undefined) {
      const [, fence, language = ""] = /^ {0,3}(`{3,})\s*(\S*)/.exec(text) ?? [];
      if (fence) open = { fence, language, line: i + 1, lines: [] };
    } else if (new RegExp(`^ {0,3}${open.fence}\`*\\s*$`).test(text)) {
      blocks.push({ language: open.language, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else {
      open.lines.push(text);
    }
  }
  if (open) throw new Error(`line ${open.line}: the block does not end`);
  return blocks;
}
