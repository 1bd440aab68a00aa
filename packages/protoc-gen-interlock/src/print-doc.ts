/** Prints a doc comment of these paragraphs, with a line break after it; nothing if all of them are empty. */
export function printDoc(paragraphs: readonly (string | undefined)[], indent = ""): string {
  const text = paragraphs
    .map((paragraph) => paragraph?.replace(/^ /gm, "").replaceAll("*/", "*\\/").trim() ?? "")
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
  if (text === "") return "";
  const lines = text.split("\n").map((line) => line.trimEnd());
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} *${line && ` ${line}`}\n`).join("")}${indent} */\n`;
}
