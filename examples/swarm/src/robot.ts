import type { Client } from "@interlock/bot";
import type { Cell } from "./gen/warehouse/v1/warehouse.js";
import type { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import { findPath, neighbors, sameCell, type World } from "./world.js";

/** A robot's body: its place, its battery, and its movements. */
export interface Robot {
  readonly position: Cell;
  /** From 0 to 1. */
  readonly battery: number;
  /** Drives next to `target`, one cell at a time. Resolves to the number of cells. */
  drive(target: Cell, trip: Trip): Promise<number>;
  /** Stands still for this number of steps, and reports this load and status. */
  handle(carrying: string, steps: number, status: string, signal: AbortSignal): Promise<void>;
  /** Drives to a charger and charges if the battery is low, so that the robot does not strand with an item. */
  charge(signal: AbortSignal): Promise<void>;
  /** Returns to its entry cell and charges, because idle robots are in the way. `signal` ends that when a task comes. */
  park(signal: AbortSignal): Promise<void>;
}

/** Options of a drive. */
export interface Trip {
  readonly signal: AbortSignal;
  /** The item on board. Default: none. */
  readonly carrying?: string;
  /** The factor by which a cell takes longer. Default: 1. */
  readonly slowness?: number;
  /** Is called before each cell with the number of cells left; the robot waits for it. */
  readonly onStep?: (left: number) => unknown;
}

export interface RobotOptions {
  readonly world: World;
  readonly traffic: Pick<Client<typeof TrafficService>, "enter" | "move">;
  /** A random number from 0 to 1, to decide which robot gives way. */
  readonly random: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

const perCell = 1 / 250;
const perStepAtCharger = 1 / 20;
const low = 0.25;
const full = 0.95;

/** Puts a robot on the floor. A robot that is already there continues from its place. */
export async function createRobot({ world, traffic, random, wait }: RobotOptions): Promise<Robot> {
  const entered = await traffic.enter({});
  const { stepMs } = entered;
  const home = world.chargers.find((charger) => sameCell(charger, entered.position as Cell)) ?? world.chargers[0];
  let here = entered.position as Cell;
  let { battery, occupied } = entered;

  async function step(to: Cell, carrying: string, status: string, signal: AbortSignal): Promise<boolean> {
    await wait(stepMs, signal);
    const before = here;
    const request = { to, carrying, battery, status };
    const { position, occupied: others } = await traffic.move(request, { signal, timeoutMs: 5_000 });
    if (position) here = position;
    occupied = others;
    const moved = !sameCell(here, before);
    if (moved) battery = Math.max(0, battery - perCell);
    return moved;
  }

  async function driveTo(goals: readonly Cell[], trip: Trip): Promise<number> {
    const { signal, carrying = "", slowness = 1, onStep = () => {} } = trip;
    const isFree = (cell: Cell) => !occupied.some((other) => sameCell(other, cell));
    let steps = 0;
    let path: Cell[] | undefined;
    for (let stuck = 0; ; ) {
      if (!path?.[0] || !isFree(path[0])) path = findPath(world, here, goals, occupied);
      if (path?.length === 0) return steps;
      await onStep(path?.length ?? 0);
      if (slowness > 1) await wait(stepMs * (slowness - 1), signal);
      const to = path?.shift() ?? (stuck > 3 ? aside() : here);
      if (await step(to, carrying, "", signal)) {
        steps++;
        stuck = 0;
      } else {
        // Another robot is in the way: wait a moment, and after a while step aside.
        path = undefined;
        stuck++;
        await wait(stepMs * (1 + random() * 2), signal);
      }
    }
  }

  function aside(): Cell {
    const beside = neighbors(here).filter(world.isFree);
    return beside[Math.floor(random() * beside.length)] ?? here;
  }

  async function fill(signal: AbortSignal): Promise<void> {
    while (battery < full) {
      battery = Math.min(1, battery + perStepAtCharger);
      await step(here, "", "charging", signal);
    }
    await step(here, "", "", signal);
  }

  return {
    get position() {
      return here;
    },
    get battery() {
      return battery;
    },
    drive: (target, trip) => driveTo(neighbors(target).filter(world.isFree), trip),
    async handle(carrying, steps, status, signal) {
      for (let i = 0; i < steps; i++) await step(here, carrying, status, signal);
    },
    async charge(signal) {
      if (battery >= low) return;
      await driveTo(world.chargers, { signal });
      await fill(signal);
    },
    async park(signal) {
      await wait(stepMs * 10, signal);
      if (home) await driveTo([home], { signal });
      await fill(signal);
    },
  };
}
