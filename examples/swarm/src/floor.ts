import type { Cell, Robot } from "./gen/warehouse/v1/warehouse.js";
import { keyOf, neighbours, type World } from "./world.js";

/** Where a robot stands after it asked for something. */
export interface Standing {
  readonly position: Cell;
  /** Where the others stand. */
  readonly occupied: Cell[];
}

/** Who stands where: one robot to a cell, at any time. */
export interface Floor {
  /** Puts a robot on the floor, where there is room; one that is there stays where it is. */
  enter(name: string): Standing;
  /** Moves a robot to a cell next to its own, if that is free; else it stays. */
  move(name: string, to: Cell, carrying: string): Standing;
  leave(name: string): void;
  robots(): Robot[];
}

/** Makes an empty floor. */
export function createFloor(world: World, onChange: () => void = () => {}): Floor {
  const robots = new Map<string, Robot>();
  const takenBy = new Map<string, string>();
  const stations = new Set(world.stations.map(keyOf));

  function place(name: string, position: Cell, carrying: string): void {
    const before = robots.get(name);
    if (before?.position) takenBy.delete(keyOf(before.position));
    takenBy.set(keyOf(position), name);
    robots.set(name, { name, position, carrying });
    onChange();
  }

  function standing(name: string): Standing {
    const position = robots.get(name)?.position;
    if (!position) throw new Error(`${name} is not on the floor`);
    const occupied = [...robots.values()].flatMap((robot) => (robot.name === name ? [] : (robot.position ?? [])));
    return { position, occupied };
  }

  function door(): Cell {
    for (let y = world.height - 1; y >= 0; y--) {
      for (let x = 1; x < world.width; x += 3) {
        const cell = { x, y };
        const inTheWay = neighbours(cell).some((next) => stations.has(keyOf(next)));
        if (world.isFree(cell) && !inTheWay && !takenBy.has(keyOf(cell))) return cell;
      }
    }
    throw new Error("the floor is full");
  }

  return {
    enter(name) {
      if (!robots.has(name)) place(name, door(), "");
      return standing(name);
    },
    move(name, to, carrying) {
      const { position } = standing(name);
      const free = world.isFree(to) && !takenBy.has(keyOf(to));
      const near = neighbours(position).some((next) => keyOf(next) === keyOf(to));
      place(name, free && near ? to : position, carrying);
      return standing(name);
    },
    leave(name) {
      const position = robots.get(name)?.position;
      if (position) takenBy.delete(keyOf(position));
      if (robots.delete(name)) onChange();
    },
    robots: () => [...robots.values()],
  };
}
