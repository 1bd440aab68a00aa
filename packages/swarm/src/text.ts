// NUL, which PostgreSQL holds in no text and at which SQLite cuts one off, and halves of surrogate pairs, which UTF-8 has not.
const unstorable = /[\0\p{Surrogate}]/u;
const everyUnstorable = /[\0\p{Surrogate}]/gu;
const replacement = "\uFFFD";

/** Whether every store can hold a text and give it back unchanged. */
export function isStorable(text: string): boolean {
  return !unstorable.test(text);
}

/**
 * Whether a text can be a name or a key, which has to be the same wherever it is compared. U+FFFD stands where bytes were no
 * UTF-8, so two different keys may have become the same text.
 */
export function isExact(text: string): boolean {
  return isStorable(text) && !text.includes(replacement);
}

/** A text for people, as a store can hold it: at most `atMost` characters, with U+FFFD for what no store can hold. */
export function storableText(text: string, atMost: number): string {
  return text.slice(0, atMost).replace(everyUnstorable, replacement);
}
