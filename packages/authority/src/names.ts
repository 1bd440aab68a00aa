/** The authority's own name within its trust domain. */
export const authorityName = "interlock/authority";

/** Whether a name belongs to Interlock itself, so that no bot can join with it. */
export function isReservedName(name: string): boolean {
  return name === "interlock" || name.startsWith("interlock/");
}

/** Whether a name, or an identity pattern that starts with a name, is of people who run the fleet. `operator/*` holds every scope of the AdminService. */
export function isOperatorName(name: string): boolean {
  return name === "operator" || name.startsWith("operator/");
}

/**
 * Whether a name, or a pattern, is one that certificates are issued for: 255 characters at the most, because a name has to
 * be readable, and in lower case, because gRPC in other languages compares names of servers without regard to case.
 */
export function isIssuable(name: string): boolean {
  return name.length <= 255 && name === name.toLowerCase();
}
