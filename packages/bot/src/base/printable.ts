// Control characters, format characters (bidirectional overrides, zero-width, tags), surrogates without a partner, and the
// separators of lines and paragraphs (Unicode general categories Cc, Cf, Cs, Zl, Zp).
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const unprintableExceptNewline = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text from elsewhere in a form that can be shown to a person: what would move the cursor, reach the clipboard, hide
 * text or change its order is written out as `\uXXXX`. That form is also valid within a JSON string.
 *
 * @param text - For example an error message or a reason from another bot.
 * @param options - With `lines`, line feeds stay.
 */
export function printable(text: string, { lines = false }: { readonly lines?: boolean } = {}): string {
  return text.replace(lines ? unprintableExceptNewline : unprintable, writtenOut);
}

function writtenOut(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }).join("");
}
