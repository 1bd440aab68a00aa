import { styleText } from "node:util";
import { type Act, ActState } from "./gen/warehouse/v1/feed.js";
import type { Cell, Machine, Robot } from "./gen/warehouse/v1/warehouse.js";
import type { Played } from "./story.js";
import { keyOf, type World } from "./world.js";

/** An act, and the word for its good end. */
export interface EndedAct extends Pick<Act, "act" | "seen" | "ms" | "ok"> {
  readonly verdict: string;
}

/** Everything that the screen shows. */
export interface ViewState {
  readonly world: World;
  readonly robots: readonly Robot[];
  readonly machines: readonly Machine[];
  /** Seconds since the start. */
  readonly elapsed: number;
  readonly tasks: { readonly total: number; readonly waiting: number; readonly active: number; readonly done: number };
  /** Tasks per second, in the last few seconds. */
  readonly throughput: number;
  readonly acts: readonly (EndedAct & Pick<Act, "state">)[];
  /** The number of refused calls and connections. */
  readonly denied: number;
  /** The address of the dashboard. */
  readonly address: string;
  /** The command for another terminal that adds one more robot. */
  readonly joinLine: string;
  /** The current event, in a few words. */
  readonly note: string;
}

const shownActs = 4;
const barWidth = 16;
const lineWidth = 79;
type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/**
 * Draws the state as lines of text. A cell has two columns: a robot is its number, with `■` if it carries an item and `+` if
 * it charges; `▒▒` is a shelf, `▼▼` a station, `◊` its arm, `◆` the arm while it grips; `()` is the coffee maker. Only the
 * last line, the command to copy, may be wider than the map.
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
    `${bar} ${done}/${total} done  ${active} active  ${waiting} waiting  ${rate}  ${paint("red", `${denied} refused`)}`,
  ];
}

/** The latest finished acts. */
function ended({ acts }: ViewState, paint: Paint): string[] {
  const latest = acts.filter(({ state }) => state === ActState.ACT_STATE_ENDED).slice(-shownActs);
  const lines = latest.map((act) => paint(act.ok ? "green" : "red", cut(describeAct(act), lineWidth)));
  while (lines.length < shownActs) lines.push("");
  return lines;
}

/** The result of an act, in one line. */
export function describeAct({ act, seen, ms, ok, verdict }: EndedAct): string {
  const end = ok ? `✔ ${verdict}` : "✘ FAILED";
  return `${end.padEnd(10)} ${act.padEnd(19)} ${`${Math.round(ms)} ms`.padStart(9)}  ${seen}`;
}

/** The results of all acts, as a table. */
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
