import { callerText, dayText, type Endpoint, type EndpointState } from "@interlock/audit";
import { printable } from "@interlock/bot/internal";
import { count, span } from "../dashboard/model/format.js";
import { paint } from "../output.js";

/** A cell of the table of endpoints. */
export interface Cell {
  readonly text: string;
  readonly style?: Parameters<typeof paint>[0] | undefined;
}

/** The headings of the table of endpoints. */
export const headings = ["METHOD", "STATE", "RISK", "ACCESS", "DATA", "CALLS", "FIRST", "LAST", "CALLERS", "PURPOSE"];

/** The columns of a purpose, where the output is no terminal, and at least in a terminal. */
const purposeWidth = 80;
const leastPurposeWidth = 24;

/** The cells of one endpoint, by {@link headings}. */
export function cellsOf(endpoint: Endpoint, score: number | undefined, at: number): Cell[] {
  const { method, states, policy, calls, firstCallAt, lastCallAt, callers, own } = endpoint;
  const distinct = [...new Set(callers.map(({ bot, actors }) => callerText(bot, actors)))];
  const shown = distinct.slice(0, 3).join("; ") + (distinct.length > 3 ? ` and ${distinct.length - 3} more` : "");
  const access = !policy ? "not known" : policy.anyBot ? "any bot" : policy.scopes.join(" ");
  const cells: Cell[] = [
    { text: method || "(not known)" },
    { text: statesText(states, endpoint.unusedSince), style: styleOf(states) },
    score === undefined
      ? { text: own ? "-" : "" }
      : { text: `${policy?.risk ?? "?"} ${score}`, style: score >= 60 ? "red" : score >= 35 ? "yellow" : undefined },
    { text: own && !policy ? "" : access, style: policy ? undefined : "yellow" },
    { text: policy?.dataClasses.join(" ") || "-" },
    { text: count(calls) },
    { text: firstCallAt === undefined ? "-" : dayText(firstCallAt) },
    { text: lastCallAt === undefined ? "never" : `${span(at - lastCallAt)} ago` },
    { text: shown || "-" },
    { text: policy?.purpose ?? "", style: policy ? "dim" : undefined },
  ];
  return cells.map(({ text, style }) => ({ text: printable(text), style }));
}

/** What matters of the states; what is declared, served and used is "used". */
function statesText(states: readonly EndpointState[], unusedSince: number | undefined): string {
  const isPlain = states.includes("declared") && states.includes("served");
  const shown = states.filter((state) => !isPlain || (state !== "declared" && state !== "served"));
  return shown
    .map((state) => (state === "unused" && unusedSince !== undefined ? `unused since ${dayText(unusedSince)}` : state))
    .join(", ");
}

function styleOf(states: readonly EndpointState[]): Cell["style"] {
  if (states.includes("undeclared") || states.includes("past sunset")) return "red";
  if (["unused", "unknown", "deprecated"].some((state) => states.includes(state as EndpointState))) return "yellow";
  return states.includes("used") ? "green" : undefined;
}

/** Cuts the last cell so that a line is not wider than the terminal. */
export function fitPurpose(cells: readonly Cell[], widths: readonly number[]): Cell[] {
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 2);
  const room = process.stdout.isTTY ? Math.max(leastPurposeWidth, process.stdout.columns - before) : purposeWidth;
  return cells.map((cell, i) => {
    const isLong = i === cells.length - 1 && cell.text.length > room;
    return isLong ? { ...cell, text: `${cell.text.slice(0, room - 1)}…` } : cell;
  });
}

/** One line of the table. */
export function columns(cells: readonly Cell[], widths: readonly number[]): string {
  return cells
    .map(({ text, style }, i) => {
      const padded = i === cells.length - 1 ? text : text.padEnd(widths[i] ?? 0);
      return style ? paint(style, padded) : padded;
    })
    .join("  ")
    .trimEnd();
}
