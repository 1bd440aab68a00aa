import { escapeHtml } from "./escape-html.js";
import { pageCss } from "./page-css.js";

/** The content of a page. */
export interface HtmlPage {
  /** The title, as plain text. */
  readonly title: string;
  /** More style sheets, after that of every page. */
  readonly css?: string;
  /** The content of `<main>`, as HTML. */
  readonly body: string;
  /** A line below the title, as HTML. */
  readonly note?: string;
}

/** Writes one self-contained HTML page: no script, no font and no picture from elsewhere; light, dark, phone and print. */
export function htmlPage({ title, css = "", body, note = "" }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${pageCss}${css}</style>
</head>
<body>
<header class="top"><h1>${escapeHtml(title)}</h1>${note === "" ? "" : `<p class="note">${note}</p>`}</header>
<main>
${body}
</main>
</body>
</html>
`;
}
