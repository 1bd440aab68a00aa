import type { Cell } from "./gen/warehouse/v1/warehouse.js";

/** The floor plan: what stands where, and never moves. */
export interface World {
  readonly width: number;
  readonly height: number;
  readonly shelves: readonly Cell[];
  /** Where items go, each with a gripper arm beside it. */
  readonly stations: readonly Cell[];
  /** The arm of the station of the same index. */
  readonly arms: readonly Cell[];
  readonly coffeeMaker: Cell;
  /** Where robots come in, and go when they are idle: cells like others. */
  readonly chargers: readonly Cell[];
  /** Whether a robot may stand there, as far as the building goes. */
  isFree(cell: Cell): boolean;
}

const shelfColumns = [3, 9, 15, 21, 27].flatMap((x) => [x, x + 1, x + 2, x + 3]);
const shelfRows = [1, 2, 5, 6];

/** Ten blocks of shelves with aisles wide enough for two, four stations with their arms below them, and a coffee maker. */
export function createWorld(): World {
  const [width, height] = [34, 11];
  const shelves = shelfRows.flatMap((y) => shelfColumns.map((x) => ({ x, y })));
  const stations = [5, 12, 21, 28].map((x) => ({ x, y: 9 }));
  const arms = stations.map(({ x, y }) => ({ x: x + 1, y }));
  const coffeeMaker = { x: width - 1, y: 8 };
  // Not next to a station, where it would be in the way.
  const chargers = [1, 3, 8, 10, 15, 17, 19, 24, 26, 31].map((x) => ({ x, y: height - 1 }));
  const taken = new Set([...shelves, ...stations, ...arms, coffeeMaker].map(keyOf));
  return {
    width,
    height,
    shelves,
    stations,
    arms,
    coffeeMaker,
    chargers,
    isFree: (cell) => cell.x >= 0 && cell.y >= 0 && cell.x < width && cell.y < height && !taken.has(keyOf(cell)),
  };
}

/** The same cell has the same key. */
export function keyOf({ x, y }: Cell): string {
  return `${x},${y}`;
}

/** Whether they are the same cell. */
export function sameCell(a: Cell, b: Cell): boolean {
  return a.x === b.x && a.y === b.y;
}

/** Whether one cell is next to another. */
export function isNextTo(a: Cell, b: Cell): boolean {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y) === 1;
}

/** The four cells next to one, also those outside. */
export function neighbors({ x, y }: Cell): Cell[] {
  return [
    { x, y: y - 1 },
    { x: x + 1, y },
    { x, y: y + 1 },
    { x: x - 1, y },
  ];
}

/**
 * The shortest way from a cell to any of `goals`, without the first and with the last cell; empty when it stands on one
 * already, `undefined` when there is none. Cells that are `occupied` cannot be driven over.
 */
export function findPath(
  world: World,
  from: Cell,
  goals: readonly Cell[],
  occupied: readonly Cell[],
): Cell[] | undefined {
  const wanted = new Set(goals.map(keyOf));
  const blocked = new Set(occupied.map(keyOf));
  const cameFrom = new Map<string, Cell | undefined>([[keyOf(from), undefined]]);
  const queue = [from];
  for (const cell of queue) {
    if (wanted.has(keyOf(cell))) return trace(cell, cameFrom);
    for (const next of neighbors(cell)) {
      const key = keyOf(next);
      if (cameFrom.has(key) || blocked.has(key) || !world.isFree(next)) continue;
      cameFrom.set(key, cell);
      queue.push(next);
    }
  }
  return undefined;
}

function trace(end: Cell, cameFrom: ReadonlyMap<string, Cell | undefined>): Cell[] {
  const path: Cell[] = [];
  let cell: Cell | undefined = end;
  for (let before = cameFrom.get(keyOf(cell)); before; before = cameFrom.get(keyOf(before))) {
    path.unshift(cell);
    cell = before;
  }
  return path;
}
