const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Controls, and the marks that change the direction of what follows: a name from a peer must not rearrange a page.
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes a text for HTML, in elements and in quoted attributes. Line feeds stay; other invisible characters become `\u{…}`. */
export function escapeHtml(text: string): string {
  return text
    .replace(invisible, (c) => (c === "\n" ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`))
    .replace(/[&<>"']/g, (c) => entities[c] ?? c);
}
