import { InterlockError } from "@interlock/bot";

/** The maximum number of names in an error. */
const maximumListed = 20;

/**
 * Finds the retired method, or service (`package.Service/*`), that a command line names. The package may be left out where only
 * one is meant. Throws `NOT_FOUND` for a name that means none or several.
 */
export function nameRetired(retired: readonly string[], given: string): string {
  const full = given.includes("/") ? given : `${given}/*`;
  const matching = retired.includes(full) ? [full] : retired.filter((name) => name.endsWith(`.${full}`));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  const names = (matching.length > 0 ? matching : retired).map((name) => name.replace(/\/\*$/, ""));
  const listed = names.slice(0, maximumListed).join(", ") + (names.length > maximumListed ? " and more" : "");
  throw new InterlockError(
    "NOT_FOUND",
    matching.length > 0
      ? `Several that are retired are called ${given}: ${listed}. Give the full name.`
      : `${given} is not retired. Retired are: ${listed || "none"}.`,
  );
}
