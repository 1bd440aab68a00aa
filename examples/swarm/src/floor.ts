import type { Cell, Robot } from "./gen/warehouse/v1/warehouse.js";
import { isNextTo, keyOf, type World } from "./world.js";

/** Where a robot stands after it asked for something. */
export interface Standing {
  readonly position: Cell;
  /** Where the others stand. */
  readonly occupied: Cell[];
  /** What is left of its battery, from 0 to 1. */
  readonly battery: number;
}

/** What a robot says of itself besides where it goes. */
export type Load = Pick<Robot, "carrying" | "battery" | "status">;

/** Who stands where: one robot to a cell, at any time. */
export interface Floor {
  /** Puts a robot on the floor, where there is room; one that is there, alive or dead, stays where it is. */
  enter(name: string): Standing;
  /** Moves a robot to a cell next to its own, if that is free; else it stays. */
  move(name: string, to: Cell, load: Load): Standing;
  leave(name: string): void;
  robot(name: string): Robot | undefined;
  robots(): Robot[];
}

const fresh: Load = { carrying: "", battery: 1, status: "" };

/** Makes an empty floor. */
export function createFloor(world: World): Floor {
  const robots = new Map<string, Robot>();
  const takenBy = new Map<string, string>();

  function place(name: string, position: Cell, { carrying, battery, status }: Load): void {
    const before = robots.get(name);
    if (before?.position) takenBy.delete(keyOf(before.position));
    takenBy.set(keyOf(position), name);
    robots.set(name, { name, position, carrying, battery, status });
  }

  function standing(name: string): Standing {
    const { position, battery = 1 } = robots.get(name) ?? {};
    if (!position) throw new Error(`${name} is not on the floor`);
    const occupied = [...robots.values()].flatMap((robot) => (robot.name === name ? [] : (robot.position ?? [])));
    return { position, occupied, battery };
  }

  function door(): Cell {
    const free = (cell: Cell) => world.isFree(cell) && !takenBy.has(keyOf(cell));
    const anywhere = Array.from({ length: world.width * world.height }, (_, i) => ({
      x: i % world.width,
      y: world.height - 1 - Math.floor(i / world.width),
    }));
    const cell = world.chargers.find(free) ?? anywhere.find(free);
    if (!cell) throw new Error("the floor is full");
    return cell;
  }

  return {
    enter(name) {
      if (!robots.has(name)) place(name, door(), fresh);
      return standing(name);
    },
    move(name, to, load) {
      const { position } = standing(name);
      const free = world.isFree(to) && !takenBy.has(keyOf(to));
      place(name, free && isNextTo(position, to) ? to : position, load);
      return standing(name);
    },
    leave(name) {
      const position = robots.get(name)?.position;
      if (position) takenBy.delete(keyOf(position));
      robots.delete(name);
    },
    robot: (name) => robots.get(name),
    robots: () => [...robots.values()],
  };
}
