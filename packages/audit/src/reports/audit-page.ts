import { type Severity, severities } from "../finding.js";
import { ruleFacts } from "../rules/index.js";
import type { AuditReport, ReportedFinding } from "../run-audit.js";
import { timeText } from "../text.js";
import { escapeHtml as text } from "./escape-html.js";
import { htmlPage } from "./html-page.js";

const pills: Readonly<Record<Severity, string>> = {
  critical: "bad",
  high: "bad",
  medium: "warn",
  low: "accent",
  info: "",
};

const css = `
.counts { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 14px; }
.counts li { flex: 1 1 90px; padding: 10px 14px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.counts b { display: block; font-size: 24px; font-weight: 650; line-height: 1.2; }
.finding h3 { margin: 8px 0 6px; font-size: 15px; font-weight: 600; }
.finding .head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; color: var(--soft); font-size: 12.5px; }
.finding ul { margin: 0 0 8px; padding-left: 18px; list-style: disc; color: var(--soft); }
.finding .do code { display: inline-block; margin-top: 4px; padding: 2px 8px; border-radius: 6px; background: var(--fill); }
`;

/** Writes a report as one self-contained HTML page. */
export function auditPage(report: AuditReport): string {
  const { at, findings, counts, leftOut, suppressed, notJudged } = report;
  const total = findings.length + leftOut;
  const worst = severities.findLast((severity) => counts[severity] > 0);
  const summary =
    worst === undefined
      ? "Nothing found."
      : `${total === 1 ? "1 finding" : `${total} findings`}, ${counts[worst]} of them ${worst}.`;
  return htmlPage({
    title: "Interlock audit",
    css,
    note: `${text(timeText(at))} · ${text(summary)}`,
    body: [
      `<ul class="counts">${[...severities]
        .reverse()
        .map((severity) => `<li><b>${counts[severity]}</b><span class="soft">${severity}</span></li>`)
        .join("")}</ul>`,
      `<h2>Findings</h2>`,
      ...(findings.length === 0 ? [`<p class="card">Nothing found.</p>`] : findings.map(card)),
      ...(leftOut > 0 ? [`<p class="soft">${leftOut} more of lower severity were left out.</p>`] : []),
      ...(suppressed.length === 0
        ? []
        : [
            `<h2>Suppressed</h2>`,
            table(
              "Suppressed findings",
              ["Rule", "Subject", "Reason", "Until"],
              suppressed.map(({ rule, subject, reason, expires }) => [rule, subject, reason, expires]),
            ),
          ]),
      ...(notJudged.length === 0
        ? []
        : [
            `<h2>Not judged</h2>`,
            table(
              "Rules that could not judge",
              ["Rule", "Not known"],
              notJudged.map(({ rule, missing }) => [rule, missing.join(", ")]),
            ),
          ]),
    ].join("\n"),
  });
}

const owaspOf = new Map(ruleFacts.map(({ id, owasp }) => [id, owasp]));

function card({
  severity,
  message,
  evidence,
  remedy,
  command,
  rule,
  place,
  isNew,
  fingerprint,
}: ReportedFinding): string {
  return `<article class="card finding" id="f-${fingerprint}">
<div class="head"><span class="pill ${pills[severity]}">${severity}</span><span>${text(rule)}</span><span>${text(owaspOf.get(rule) ?? "")}</span>${
    isNew ? "" : `<span class="pill">in the baseline</span>`
  }</div>
<h3>${text(message)}</h3>
${evidence.length === 0 ? "" : `<ul>${evidence.map((fact) => `<li>${text(fact)}</li>`).join("")}</ul>`}
<p class="do">${text(remedy)}${command === undefined ? "" : `<br><code>${text(command)}</code>`}</p>
${place ? `<p class="soft"><code>${text(`${place.file}:${place.line}`)}</code></p>` : ""}
</article>`;
}

/** Writes a table that scrolls on its own when the page is narrow. */
export function table(name: string, headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell) => `<${tag}>${text(cell)}</${tag.slice(0, 2)}>`).join("");
  return `<div class="scroll" role="region" aria-label="${text(name)}" tabindex="0"><table><thead><tr>${cells('th scope="col"', headings)}</tr></thead><tbody>${rows
    .map((row) => `<tr>${cells("td", row)}</tr>`)
    .join("")}</tbody></table></div>`;
}
