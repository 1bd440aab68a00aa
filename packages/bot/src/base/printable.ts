// Control characters, format characters (bidirectional overrides, zero-width, tags), surrogates without a partner, and the
// separators of lines and paragraphs (Unicode general categories Cc, Cf, Cs, Zl, Zp).
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const unprintableExceptNewline = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** How a text is made printable. */
export interface PrintableOptions {
  /** Whether line feeds stay. Default: false. */
  readonly lines?: boolean | undefined;
  /** How many characters are shown at most. Default: all. */
  readonly maximumLength?: number | undefined;
}

/**
 * A text from elsewhere in a form that can be shown to a person: what would move the cursor, reach the clipboard, hide
 * text or change its order is written out as `\uXXXX`. That form is also valid within a JSON string.
 *
 * @param text - For example an error message or a reason from another bot.
 * @param options - With `lines`, line feeds stay. A text of more than `maximumLength` characters is cut, and its length told.
 */
export function printable(text: string, { lines = false, maximumLength }: PrintableOptions = {}): string {
  const cut =
    maximumLength !== undefined && text.length > maximumLength
      ? `${text.slice(0, maximumLength)}… (${text.length} characters)`
      : text;
  return cut.replace(lines ? unprintableExceptNewline : unprintable, writtenOut);
}

function writtenOut(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }).join("");
}
