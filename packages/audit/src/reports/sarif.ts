import type { Finding, Severity } from "../finding.js";
import type { SourcePlace } from "../inputs/project.js";
import type { RuleFacts } from "../rule.js";
import { ruleFacts } from "../rules/index.js";
import type { AuditReport, ReportedFinding } from "../run-audit.js";

/** What a SARIF file says besides the findings. */
export interface SarifOptions {
  /** The version of the tool. */
  readonly version: string;
  /**
   * The file to which a finding without a place of its own is anchored, relative to the root of the project: code scanning
   * refuses a whole file in which one result has no place.
   */
  readonly fallback: string;
  /** Whether a baseline was given: then each result says whether it is new. */
  readonly hasBaseline: boolean;
}

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
};

/** GitHub shows critical above 9.0, high from 7.0, medium from 4.0, low above 0. */
const scores: Readonly<Record<Severity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "3.0",
  info: "0.1",
};

/** Writes a report as SARIF 2.1.0: every rule, and one result for each finding, suppressed ones marked as such. */
export function toSarif(report: AuditReport, { version, fallback, hasBaseline }: SarifOptions): object {
  const index = new Map(ruleFacts.map(({ id }, i) => [id, i]));
  const resultOf = (finding: Finding & { readonly fingerprint: string }) => ({
    ruleId: finding.rule,
    ruleIndex: index.get(finding.rule),
    level: levels[finding.severity],
    message: {
      text: withoutLinks([finding.message, ...finding.evidence, finding.remedy, ...commandText(finding)].join("\n")),
    },
    locations: [
      {
        physicalLocation: locationOf(finding.place, fallback),
        logicalLocations: [{ fullyQualifiedName: finding.subject }],
      },
    ],
    partialFingerprints: { "interlockSubject/v1": finding.fingerprint },
    properties: { "security-severity": scores[finding.severity], severity: finding.severity },
  });
  const state = ({ isNew }: ReportedFinding) => (hasBaseline ? { baselineState: isNew ? "new" : "unchanged" } : {});
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Interlock audit",
            organization: "Interlock",
            informationUri: "https://github.com/interlock-dev/interlock",
            version,
            semanticVersion: version,
            rules: ruleFacts.map(toReportingDescriptor),
          },
        },
        automationDetails: { id: "interlock-audit/" },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: { SRCROOT: { description: { text: "The root of the project." } } },
        results: [
          ...report.findings.map((finding) => ({ ...resultOf(finding), ...state(finding) })),
          ...report.suppressed.map((finding) => ({
            ...resultOf(finding),
            suppressions: [
              { kind: "external", status: "accepted", justification: `${finding.reason} (until ${finding.expires})` },
            ],
          })),
        ],
      },
    ],
  };
}

function toReportingDescriptor({ id, severity, title, description, remedy, owasp }: RuleFacts): object {
  return {
    id,
    name: id.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase()),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: description },
    helpUri: `https://github.com/interlock-dev/interlock/blob/main/docs/rules.md#${id}`,
    help: { text: `${description}\n\n${remedy}\n\nOWASP ${owasp}.` },
    defaultConfiguration: { level: levels[severity] },
    properties: {
      tags: ["security", `owasp-api/${owasp.slice(0, owasp.indexOf(":"))}`],
      "security-severity": scores[severity],
    },
  };
}

/** Takes links out of a text (SARIF 2.1.0, section 3.11.6): what a server has said must not become one. */
function withoutLinks(text: string): string {
  return text.replace(/\](?=\()/g, "] ");
}

function locationOf(place: SourcePlace | undefined, fallback: string): object {
  // A file outside of the root, such as grants of another folder, is none that code scanning could show.
  const isInside = place && !/^(\/|[A-Za-z]:|\.\.(\/|$))/.test(place.file);
  const { file, line, column } = isInside ? place : { file: fallback, line: 1, column: 1 };
  return {
    artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "SRCROOT" },
    region: { startLine: line, startColumn: column },
  };
}

function commandText({ command }: Finding): string[] {
  return command === undefined ? [] : [command];
}
