import { styleText } from "node:util";
import type { Cell, Robot } from "./gen/warehouse/v1/warehouse.js";
import { keyOf, type World } from "./world.js";

/** One thing that was refused. */
export interface Refused {
  /** Seconds since the start. */
  readonly at: number;
  readonly who: string;
  readonly code: string;
  readonly reason: string;
}

/** All that the screen shows. */
export interface ViewState {
  readonly world: World;
  readonly robots: readonly Robot[];
  /** Seconds since the start. */
  readonly elapsed: number;
  readonly tasks: { readonly total: number; readonly waiting: number; readonly active: number; readonly done: number };
  /** Tasks a second, lately. */
  readonly throughput: number;
  readonly denials: readonly Refused[];
  /** The line that lets one more robot in, from another terminal; empty while there is none. */
  readonly joinLine: string;
  /** What happens just now. */
  readonly note: string;
}

const shownDenials = 4;
const barWidth = 30;
type Style = Parameters<typeof styleText>[0];

/**
 * Draws the state as lines of text. Two columns a cell: a robot is its number and `■` when it carries something; `▒▒` is a
 * shelf, `▼▼` a station. Only the last line, which is to be copied, may be wider than the map.
 */
export function render(state: ViewState, color: boolean): string {
  const paint = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text);
  return [
    header(state, paint),
    ...map(state, paint),
    ...counters(state, paint),
    ...refused(state, paint),
    ...join(state, paint),
  ].join("\n");
}

type Paint = (style: Style, text: string) => string;

function header({ elapsed, robots, note }: ViewState, paint: Paint): string {
  const left = `INTERLOCK swarm  ${elapsed.toFixed(1)} s  ${robots.length} robots`;
  return `${paint("bold", left)}  ${paint("dim", note)}`;
}

function map({ world, robots }: ViewState, paint: Paint): string[] {
  const at = new Map(robots.flatMap((robot) => (robot.position ? [[keyOf(robot.position), robot]] : [])));
  const shelves = new Set(world.shelves.map(keyOf));
  const stations = new Set(world.stations.map(keyOf));
  const draw = (cell: Cell): string => {
    const key = keyOf(cell);
    const robot = at.get(key);
    if (robot) return drawRobot(robot, paint);
    if (shelves.has(key)) return paint("yellow", "▒▒");
    return stations.has(key) ? paint("cyan", "▼▼") : "  ";
  };
  const rows = Array.from({ length: world.height }, (_, y) =>
    Array.from({ length: world.width }, (_, x) => draw({ x, y })).join(""),
  );
  const edge = "─".repeat(world.width * 2);
  return [`┌${edge}┐`, ...rows.map((row) => `│${row}│`), `└${edge}┘`];
}

function drawRobot({ name, carrying }: Robot, paint: Paint): string {
  const label = Number(name.split("/").at(-1)).toString(36).slice(-1).toUpperCase();
  return carrying ? paint(["black", "bgGreen"], `${label}■`) : paint(["black", "bgWhite"], `${label}·`);
}

function counters({ tasks, throughput }: ViewState, paint: Paint): string[] {
  const { total, waiting, active, done } = tasks;
  const full = total > 0 ? Math.floor((done / total) * barWidth) : 0;
  const bar = paint("green", "█".repeat(full)) + paint("dim", "░".repeat(barWidth - full));
  return [`${bar} ${done}/${total} done  ${active} under way  ${waiting} waiting  ${throughput.toFixed(1)}/s`];
}

function refused({ denials }: ViewState, paint: Paint): string[] {
  const latest = denials.slice(-shownDenials);
  const lines = latest.map((denial) => paint("red", `✘ ${describeRefused(denial)}`));
  while (lines.length < shownDenials) lines.push("");
  return [paint("bold", `refused: ${denials.length}`), ...lines];
}

function join({ joinLine }: ViewState, paint: Paint): string[] {
  return joinLine === "" ? [] : [paint("dim", "one more robot, from another terminal:"), joinLine];
}

/** One refusal in one line, shorter than 80 columns. */
export function describeRefused({ at, who, code, reason }: Refused): string {
  return `${at.toFixed(1).padStart(5)} s  ${who.slice(0, 24).padEnd(24)}  ${code.padEnd(17)}  ${reason.slice(0, 23)}`;
}
