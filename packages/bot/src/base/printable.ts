/*
 * Characters that a terminal obeys, or that change how the text around them is read: controls (C0, DEL, C1), marks of
 * direction, invisible ones, and separators of lines.
 */
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text of somebody else's, for a line of a log: cut to `maximumLength` characters, what a terminal obeys is written out. */
export function printable(text: string, maximumLength: number): string {
  return escapeObeyed(
    text.length > maximumLength ? `${text.slice(0, maximumLength)}… (${text.length} characters)` : text,
  );
}

/** Writes out what a terminal obeys, as `\\u` and four digits; in JSON that is the same text. */
export function escapeObeyed(text: string): string {
  return text.replace(obeyed, (found) =>
    Array.from({ length: found.length }, (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}
