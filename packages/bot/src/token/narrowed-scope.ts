import { denial } from "../base/error.js";

/** The scopes that a token holds under conditions: CEL expressions over the request, all of which have to be true of it. */
export type NarrowedScopes = ReadonlyMap<string, readonly string[]>;

/** How many scopes a token holds under conditions at most. */
export const maximumNarrowedScopes = 32;
/** How many conditions one scope of a token has at most. */
export const maximumConditions = 8;
/** The longest condition, in characters: several of one bot's grants are joined by `||`. */
export const maximumConditionLength = 1_024;

/** What a token without the claim holds under conditions: nothing. It is the same map for all of them. */
const nothingNarrowed: NarrowedScopes = new Map();

/**
 * Reads the claim with the scopes that a token holds under conditions: `{ "gripper:actuate": ["newtons <= 5"] }`. Any other value of
 * it is malformed, and so is a scope without a condition: it must never pass for one that is held for every request.
 *
 * @throws `TOKEN_MALFORMED`.
 */
export function readNarrowedScopes(claim: unknown): NarrowedScopes {
  if (claim === undefined) return nothingNarrowed;
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) throw malformed();
  const entries = Object.entries(claim);
  if (entries.length > maximumNarrowedScopes || !entries.every(([, conditions]) => areConditions(conditions)))
    throw malformed();
  return new Map(entries);
}

function areConditions(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= maximumConditions &&
    value.every((one) => typeof one === "string" && one !== "" && one.length <= maximumConditionLength)
  );
}

function malformed() {
  return denial("TOKEN_MALFORMED", "its narrowed scopes are no map of lists of conditions");
}
