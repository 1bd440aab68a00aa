import type { Cell } from "./gen/warehouse/v1/warehouse.js";

/** The floor plan: everything that never moves. */
export interface World {
  readonly width: number;
  readonly height: number;
  readonly shelves: readonly Cell[];
  /** The destinations of items, each with a gripper arm beside it. */
  readonly stations: readonly Cell[];
  /** The arm of the station of the same index. */
  readonly arms: readonly Cell[];
  readonly coffeeMaker: Cell;
  /** The cells where robots enter, charge and wait when they are idle. */
  readonly chargers: readonly Cell[];
  /** Whether the building leaves this cell free for robots. */
  isFree(cell: Cell): boolean;
}

const shelfColumns = [3, 9, 15, 21, 27].flatMap((x) => [x, x + 1, x + 2, x + 3]);
const shelfRows = [1, 2, 5, 6];

/** Creates ten blocks of shelves with aisles for two robots, four stations with arms beside them, and a coffee maker. */
export function createWorld(): World {
  const [width, height] = [34, 11];
  const shelves = shelfRows.flatMap((y) => shelfColumns.map((x) => ({ x, y })));
  const stations = [5, 12, 21, 28].map((x) => ({ x, y: 9 }));
  const arms = stations.map(({ x, y }) => ({ x: x + 1, y }));
  const coffeeMaker = { x: width - 1, y: 8 };
  // Not next to a station, where a waiting robot would be in the way.
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

/** The key of a cell, for maps and sets. */
export function keyOf({ x, y }: Cell): string {
  return `${x},${y}`;
}

/** Whether two cells are the same. */
export function sameCell(a: Cell, b: Cell): boolean {
  return a.x === b.x && a.y === b.y;
}

/** Whether one cell is next to another. */
export function isNextTo(a: Cell, b: Cell): boolean {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y) === 1;
}

/** The four adjacent cells, including those outside the floor. */
export function neighbors({ x, y }: Cell): Cell[] {
  return [
    { x, y: y - 1 },
    { x: x + 1, y },
    { x, y: y + 1 },
    { x: x - 1, y },
  ];
}

/**
 * The shortest path from a cell to any of `goals`, without the first and with the last cell. Empty if `from` is a goal,
 * `undefined` if there is no path. `occupied` cells are blocked.
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
