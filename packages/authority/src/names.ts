/** The authority's own name within its trust domain. */
export const authorityName = "interlock/authority";

/** Whether a name is reserved for Interlock itself. No bot can join with it. */
export function isReservedName(name: string): boolean {
  return name === "interlock" || name.startsWith("interlock/");
}

/** Whether a name, or an identity pattern, is of operators. `operator/*` holds every scope of the AdminService. */
export function isOperatorName(name: string): boolean {
  return name === "operator" || name.startsWith("operator/");
}

/**
 * Whether certificates can be issued for a name or a pattern: at most 255 characters, so that it stays readable, and
 * lower case, because gRPC in other languages compares server names case-insensitively.
 */
export function isIssuable(name: string): boolean {
  return name.length <= 255 && name === name.toLowerCase();
}
