import type { Finding } from "../finding.js";

/** GitHub shows ten annotations of a step; more would only fill the log. */
const maximumAnnotations = 50;

/** Writes findings as workflow commands of GitHub Actions, which show them beside the lines of the change. At most 50. */
export function githubAnnotations(findings: readonly Finding[]): string[] {
  return findings.slice(0, maximumAnnotations).map(({ rule, message, remedy, place }) => {
    const at = place ? `file=${property(place.file)},line=${place.line},col=${place.column},` : "";
    return `::error ${at}title=${property(rule)}::${data(`${message}\n${remedy}`)}`;
  });
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
