import {
  type JudgedGrant,
  type Period,
  type Proposal,
  type Replay,
  type ReplayedCalls,
  timeText,
  type Verdict,
} from "@interlock/audit";
import { type Output, paint } from "../../output.js";

/** How many rows of one table are shown to a person. With `--json`, all of them are written. */
const maximumRows = 100;

const changes: readonly Verdict[] = ["unused", "vanished", "wildcard"];

/** Prints what is proposed, and what cannot be told; with `all`, every grant. */
export function printProposal(output: Output, { period, judged }: Proposal, all = false): void {
  const changed = judged.filter(({ verdict }) => changes.includes(verdict));
  const unknown = judged.filter(({ verdict }) => verdict === "unknown");
  output.line(`${judged.length} grants are in force; ${spanOf(period)}.`);
  if (all) table(output, judged);
  else if (changed.length > 0) table(output, changed);
  if (changed.length === 0) output.line("Nothing can be taken away.");
  if (all || unknown.length === 0) return;
  output.line();
  output.line(
    `${paint("yellow", "Unknown")}: it cannot be told whether ${unknown.length} more are used, so they stay.`,
  );
  table(output, unknown);
}

/** Prints which recorded calls would have been refused. */
export function printReplay(output: Output, { calls, refused, refusedAlready, ofRetired, unknown }: Replay): void {
  if (refused.length === 0) output.line(`Of ${calls} recorded calls, none would have been refused.`);
  else {
    const count = refused.reduce((sum, each) => sum + each.count, 0);
    output.line(`Of ${calls} recorded calls, ${paint("red", `${count} would have been refused`)}:`);
    callTable(output, refused);
  }
  const others: readonly [readonly ReplayedCalls[], string][] = [
    [unknown, "of methods whose policy is not known, by bots that would hold less"],
    [ofRetired, "would have been refused, of bots that have been retired since"],
    [refusedAlready, "are refused by the grants in force already"],
  ];
  for (const [list, what] of others) {
    if (list.length === 0) continue;
    output.line(`${list.reduce((sum, each) => sum + each.count, 0)} calls ${what}:`);
    callTable(output, list);
  }
}

function table(output: Output, judged: readonly JudgedGrant[]): void {
  output.table(
    ["JUDGMENT", "IDENTITY", "SERVICE", "SCOPE", "LAST USED", "WHY"],
    judged
      .slice(0, maximumRows)
      .map(({ verdict, identity, service, scope, where, lastUsedAt, reason }) => [
        verdict,
        identity,
        service,
        where === undefined ? scope : `${scope} where ${where}`,
        lastUsedAt === undefined ? "-" : new Date(lastUsedAt).toISOString(),
        reason,
      ]),
  );
  more(output, judged.length);
}

function callTable(output: Output, calls: readonly ReplayedCalls[]): void {
  output.table(
    ["CALLER", "METHOD", "COUNT", "LAST", "MISSING"],
    calls
      .slice(0, maximumRows)
      .map(({ caller, actors, method, count, lastAt, missing }) => [
        actors.length > 0 ? `${caller} (by ${actors.join(", ")})` : caller,
        method,
        String(count),
        new Date(lastAt).toISOString(),
        missing.map(({ bot, service, scope }) => `${scope} at ${service} for ${bot}`).join("; "),
      ]),
  );
  more(output, calls.length);
}

function more(output: Output, count: number): void {
  if (count > maximumRows) output.line(paint("dim", `${count - maximumRows} more: --json has them all.`));
}

function spanOf({ from }: Period): string {
  return from === undefined ? "all calls on record count" : `calls since ${timeText(from)} count`;
}
