import type { GrantChange } from "@interlock/bot/protocol";
import { type Output, paint } from "./output.js";

/** Prints what a change of the grants takes and gives, one line each. */
export function printGrantChanges(output: Output, changes: readonly GrantChange[]): void {
  if (changes.length === 0) output.line("No difference.");
  for (const { added, identity, service, scope, where } of changes) {
    const condition = where === undefined ? "" : `  where ${where}`;
    output.line(paint(added ? "green" : "red", `${added ? "+" : "-"} ${identity}  ${service}  ${scope}${condition}`));
  }
}
