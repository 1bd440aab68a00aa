import type { Need } from "../rule.js";
import { ruleFacts } from "../rules/index.js";

const needTexts: Readonly<Record<Need, string>> = {
  project: "proto files",
  grantsFile: "grants file",
  fleet: "authority",
  scan: "scan",
  log: "audit log",
  joinTokens: "join tokens",
};

/** Writes `docs/rules.md`: the table of every rule, and what each of them finds. */
export function rulesDocument(): string {
  const rows = ruleFacts.map(({ id, severity, title, needs, owasp }) => {
    const from = needs.length === 0 ? "any" : needs.map((need) => needTexts[need]).join(", ");
    return [`[\`${id}\`](#${id})`, severity, title, from, owasp.slice(0, owasp.indexOf(" "))];
  });
  const sections = ruleFacts.map(({ id, severity, title, description, remedy, owasp }) =>
    [
      `### ${id}`,
      "",
      `${title}. Severity: ${severity}. OWASP ${owasp}.`,
      "",
      description,
      "",
      `**Remedy:** ${remedy}`,
    ].join("\n"),
  );
  return [
    "# Rules of the audit",
    "",
    "<!-- Generated from packages/audit/src/rules by packages/audit/src/reports/rules-document.ts. Do not edit. -->",
    "",
    "`interlock audit` runs every rule. A rule that lacks what it judges by (proto files, the authority, a scan) finds nothing, and",
    "the report says that it did not judge. How findings are reported, suppressed and compared is in [audit.md](audit.md). OWASP is",
    "the item of the OWASP API Security Top 10 2023.",
    "",
    ...markdownTable(["Rule", "Severity", "Finds", "Judges by", "OWASP"], rows),
    "",
    "## Each rule",
    "",
    sections.join("\n\n"),
    "",
  ].join("\n");
}

/** Writes a table with cells of equal width, as the formatter of the repository does. */
function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(headings), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
