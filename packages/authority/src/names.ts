import { isBotName } from "@interlock/policy";

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

/** Whether a name, or an identity pattern, is of viewers. `viewer/*` holds the scopes of the AdminService that read. */
export function isViewerName(name: string): boolean {
  return name === "viewer" || name.startsWith("viewer/");
}

/** The longest name that a certificate is issued for, in characters. */
const maximumLength = 255;

/**
 * Whether certificates can be issued for a name or a pattern: at most 255 characters, so that it stays readable, and
 * lower case, because gRPC in other languages compares server names case-insensitively.
 */
export function isIssuable(name: string): boolean {
  return name.length <= maximumLength && name === name.toLowerCase();
}

/** The rule for bots' names that a name breaks, as a sentence that says what to use instead; `undefined` for a good name. */
export function brokenRule(name: string): string | undefined {
  const rule = 'use segments of lower-case letters, digits, ".", "-" and "_", joined by "/"';
  if (name.length > maximumLength) return `a name has up to ${maximumLength} characters: choose a shorter one`;
  if (!isBotName(name)) return `"${name}" is not a bot name: ${rule}`;
  if (!isIssuable(name)) return `names are in lower case: use "${name.toLowerCase()}"`;
  if (isReservedName(name)) return `"${name}" is reserved for Interlock itself: choose another name`;
  return undefined;
}
