import type { CleanUp } from "../history/clean-up.js";
import type { KeptFinding } from "../history/kept-run.js";
import { dayText, timeText } from "../text.js";
import { table } from "./audit-page.js";
import { escapeHtml as text } from "./escape-html.js";
import { htmlPage } from "./html-page.js";

/** Rows of one table of the page; more are counted. */
const maximumRows = 500;

/** Writes what has become of the findings as one page. */
export function cleanUpPage(result: CleanUp): string {
  const { since, until, runs, firstRunAt, appeared, newlyJudged, mended, notJudged, open, suppressed, toRetire } =
    result;
  const basis =
    firstRunAt === undefined
      ? "No earlier result was kept, so everything is new."
      : `${runs === 1 ? "One earlier result was" : `${runs} earlier results were`} kept, the first at ${timeText(firstRunAt)}.`;
  const sections = [
    section("To retire", "Nobody needs these endpoints, bots and grants", toRetire, plain),
    section(
      "Mended",
      "They were found, and are found no longer",
      mended,
      (one) => [...plain(one), dayText(one.lastAt)],
      "Last found",
    ),
    section(
      "New",
      "They are found since then",
      appeared,
      (one) => [...plain(one), dayText(one.firstAt)],
      "First found",
    ),
    section("Still open", "They were there before", open, plain),
    ...ifAny(newlyJudged, (some) =>
      section(
        "Judged since then",
        "They are found by rules that could not judge at the beginning, so they may have been there",
        some,
        (one) => [...plain(one), dayText(one.firstAt)],
        "First found",
      ),
    ),
    ...ifAny(notJudged, (some) =>
      section(
        "Not judged now",
        "They were found by rules that could not judge this time, so they may still be there",
        some,
        (one) => [...plain(one), dayText(one.lastAt)],
        "Last found",
      ),
    ),
    ...ifAny(suppressed, (some) => section("Suppressed", "The project has decided to live with them", some, plain)),
  ];
  return htmlPage({
    title: "Clean-up of the fleet",
    note: `${text(dayText(since))} to ${text(dayText(until))}. ${text(basis)}`,
    body: [
      `<p class="card">${mended.length} mended, ${appeared.length} new, ${open.length} still open; ${toRetire.length} to retire.</p>`,
      ...sections,
    ].join("\n"),
  });
}

function section<F extends KeptFinding>(
  title: string,
  says: string,
  findings: readonly F[],
  row: (finding: F) => readonly string[],
  more?: string,
): string {
  const heading = `<h2>${title}</h2>\n<p class="soft">${says}.</p>`;
  if (findings.length === 0) return `${heading}\n<p class="card">None.</p>`;
  const headings = ["Severity", "Rule", "Finding", ...(more === undefined ? [] : [more])];
  const left = findings.length - maximumRows;
  const rest = left > 0 ? `\n<p class="soft">${left} more were left out.</p>` : "";
  return `${heading}\n${table(title, headings, findings.slice(0, maximumRows).map(row))}${rest}`;
}

/** A section that is left out when there is nothing in it. */
function ifAny<F>(findings: readonly F[], write: (findings: readonly F[]) => string): string[] {
  return findings.length === 0 ? [] : [write(findings)];
}

const plain = ({ severity, rule, message }: KeptFinding) => [severity, rule, message];
