import type { JWTPayload } from "jose";
import { denial } from "../base/error.js";
import type { TokenRules } from "./token-rules.js";

/**
 * Reads the scopes of a token from the first of its claims among `scopeClaims`: a text with spaces between the scopes (RFC 8693,
 * section 4.2; RFC 9068, section 2.2.3), or, in `scp`, also a list with one scope in each element. A token without any of the
 * claims, or with a `scope` of another type, holds none.
 *
 * @throws `TOKEN_MALFORMED` for a `scp` that is neither.
 */
export function readScopes(payload: JWTPayload, { scopeClaims }: Pick<TokenRules, "scopeClaims">): ReadonlySet<string> {
  const name = scopeClaims.find((claim) => payload[claim] !== undefined);
  const value = name && payload[name];
  if (typeof value === "string") return new Set(value.split(" ").filter(Boolean));
  return name === "scp" ? new Set(readList(value)) : new Set();
}

// An element with a space would read as two scopes elsewhere, so it is not a scope at all (RFC 6749, section 3.3).
function readList(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every(isScope)) throw denial("TOKEN_MALFORMED", '"scp" is no list of scopes');
  return value;
}

function isScope(value: unknown): value is string {
  return typeof value === "string" && /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(value);
}
