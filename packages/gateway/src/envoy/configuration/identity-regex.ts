/**
 * Writes an identity pattern of a trust domain as a regular expression (RE2) for whole SPIFFE IDs. It matches the IDs of those
 * names that `matchesIdentity` matches.
 *
 * @example
 * ```ts
 * identityRegex("cafe", "gripper/*"); // "spiffe://cafe/gripper/[^/]+"
 * ```
 */
export function identityRegex(trustDomain: string, pattern: string): string {
  const segments = pattern.split("/").map((segment) => {
    if (segment === "*") return "[^/]+";
    return segment === "**" ? ".+" : escapeRegex(segment);
  });
  return `spiffe://${escapeRegex(trustDomain)}/${segments.join("/")}`;
}

/** Writes several patterns as one regular expression. */
export function identitiesRegex(trustDomain: string, patterns: readonly string[]): string {
  return patterns.map((pattern) => identityRegex(trustDomain, pattern)).join("|");
}

/** Writes a text as a regular expression that matches it alone. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
