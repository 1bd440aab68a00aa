import type { Cell, Robot } from "./gen/warehouse/v1/warehouse.js";
import { isNextTo, keyOf, type World } from "./world.js";

/** The place of a robot after its request. */
export interface Standing {
  readonly position: Cell;
  /** The cells of the other robots. */
  readonly occupied: Cell[];
  /** The battery's charge, from 0 to 1. */
  readonly battery: number;
}

/** A robot's report about itself, besides its destination. */
export type Load = Pick<Robot, "carrying" | "battery" | "status">;

/** The places of all robots: at most one robot on a cell. */
export interface Floor {
  /** Puts a robot on a free cell of the floor. A robot that is already there, alive or dead, stays where it is. */
  enter(name: string): Standing;
  /** Moves a robot to an adjacent cell, if that is free; otherwise the robot stays. */
  move(name: string, to: Cell, load: Load): Standing;
  leave(name: string): void;
  robot(name: string): Robot | undefined;
  robots(): Robot[];
}

const fresh: Load = { carrying: "", battery: 1, status: "" };

/** Creates an empty floor. */
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
