import { styleText } from "node:util";
import { type Act, ActState } from "./gen/warehouse/v1/feed.js";
import type { Cell, Machine, Robot } from "./gen/warehouse/v1/warehouse.js";
import type { Played } from "./story.js";
import { keyOf, type World } from "./world.js";

/** An act, and what a good end of it is called. */
export interface EndedAct extends Pick<Act, "act" | "seen" | "ms" | "ok"> {
  readonly verdict: string;
}

/** All that the screen shows. */
export interface ViewState {
  readonly world: World;
  readonly robots: readonly Robot[];
  readonly machines: readonly Machine[];
  /** Seconds since the start. */
  readonly elapsed: number;
  readonly tasks: { readonly total: number; readonly waiting: number; readonly active: number; readonly done: number };
  /** Tasks a second, lately. */
  readonly throughput: number;
  readonly acts: readonly (EndedAct & Pick<Act, "state">)[];
  /** How many calls and connections were refused. */
  readonly denied: number;
  /** Of the dashboard. */
  readonly address: string;
  /** The line that lets one more robot in, from another terminal. */
  readonly joinLine: string;
  /** What happens just now. */
  readonly note: string;
}

const shownActs = 4;
const barWidth = 16;
const lineWidth = 79;
type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/**
 * Draws the state as lines of text. Two columns a cell: a robot is its number and `■` when it carries something, `+` when
 * it charges; `▒▒` is a shelf, `▼▼` a station, `◊` its arm, `◆` while it grips; `()` the coffee maker. Only the last line,
 * which is to be copied, may be wider than the map.
 */
export function render(state: ViewState, color: boolean): string {
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
  return [
    header(state, paint),
    ...map(state, paint),
    ...counters(state, paint),
    ...ended(state, paint),
    paint("dim", `dashboard ${state.address}   one more robot, from another terminal:`),
    state.joinLine,
  ].join("\n");
}

function header({ elapsed, acts, note }: ViewState, paint: Paint): string {
  const number = acts.filter(({ state }) => state !== ActState.ACT_STATE_PLANNED).length;
  const left = `INTERLOCK swarm  ${elapsed.toFixed(1)} s  act ${number} of ${acts.length}`;
  return `${paint("bold", left)}  ${paint("cyan", cut(note, lineWidth - left.length - 2))}`;
}

function map({ world, robots, machines }: ViewState, paint: Paint): string[] {
  const drawn = new Map<string, string>();
  const put = (cells: readonly Cell[], draw: (i: number) => string) =>
    cells.forEach((cell, i) => {
      drawn.set(keyOf(cell), draw(i));
    });
  const works = (name: string) => machines.some((each) => each.name === name && each.user !== "");
  put(world.shelves, () => paint("yellow", "▒▒"));
  put(world.stations, () => paint("cyan", "▼▼"));
  put(world.arms, (i) => (works(`arm ${i + 1}`) ? paint("green", "◆ ") : paint("dim", "◊ ")));
  put([world.coffeeMaker], () => paint(works("coffee") ? "red" : "dim", works("coffee") ? "(≈" : "()"));
  for (const robot of robots) if (robot.position) drawn.set(keyOf(robot.position), drawRobot(robot, paint));
  const rows = Array.from({ length: world.height }, (_, y) =>
    Array.from({ length: world.width }, (_, x) => drawn.get(keyOf({ x, y })) ?? "  ").join(""),
  );
  const edge = "─".repeat(world.width * 2);
  return [`┌${edge}┐`, ...rows.map((row) => `│${row}│`), `└${edge}┘`];
}

function drawRobot({ name, carrying, status }: Robot, paint: Paint): string {
  const label = Number(name.split("/").at(-1)).toString(36).slice(-1).toUpperCase();
  if (carrying) return paint(["black", "bgGreen"], `${label}■`);
  return paint(["black", "bgWhite"], `${label}${status === "charging" ? "+" : "·"}`);
}

function counters({ tasks, throughput, denied }: ViewState, paint: Paint): string[] {
  const { total, waiting, active, done } = tasks;
  const full = total > 0 ? Math.min(barWidth, Math.floor((done / total) * barWidth)) : 0;
  const bar = paint("green", "█".repeat(full)) + paint("dim", "░".repeat(barWidth - full));
  const rate = `${throughput.toFixed(1)}/s`;
  return [
    `${bar} ${done}/${total} done  ${active} under way  ${waiting} waiting  ${rate}  ${paint("red", `${denied} refused`)}`,
  ];
}

/** The latest acts that are over. */
function ended({ acts }: ViewState, paint: Paint): string[] {
  const latest = acts.filter(({ state }) => state === ActState.ACT_STATE_ENDED).slice(-shownActs);
  const lines = latest.map((act) => paint(act.ok ? "green" : "red", cut(describeAct(act), lineWidth)));
  while (lines.length < shownActs) lines.push("");
  return lines;
}

/** What came of an act, in one line. */
export function describeAct({ act, seen, ms, ok, verdict }: EndedAct): string {
  const end = ok ? `✔ ${verdict}` : "✘ FAILED";
  return `${end.padEnd(10)} ${act.padEnd(19)} ${`${Math.round(ms)} ms`.padStart(9)}  ${seen}`;
}

/** What came of all of them, as a table. */
export function scoreboard(played: readonly Played[]): string[] {
  const row = (bars: string, line: string) => `${bars.padStart(4)}  ${line}`;
  const lines = played.map(({ bars, ...each }) => row(bars.join(","), describeAct(each)));
  const good = played.filter(({ ok }) => ok).length;
  return [
    row("bar", `${"".padEnd(10)} ${"act".padEnd(19)} ${"time".padStart(9)}  seen`),
    ...lines,
    `${good} of ${played.length} acts as expected`,
  ];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
