import { didYouMean } from "@interlock/policy/grants";

/** The maximum number of names that an error lists. */
const maximumNames = 20;

/** Says which names there are, and which of them was meant: the end of an error, without its last full stop. */
export function listNames(written: string, names: readonly string[]): string {
  const meant = didYouMean(written, names);
  const shown = names.slice(0, maximumNames).join(", ") || "none";
  const more = names.length > maximumNames ? `, and ${names.length - maximumNames} more` : "";
  return `${meant === undefined ? "" : ` (did you mean ${meant}?)`}; there are: ${shown}${more}`;
}
