import { setTimeout as delay } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import { type TaskContext, type TaskHandler, TaskRefusal } from "@interlock/swarm";
import { CarryResult, CarryTask, type Cell } from "./gen/warehouse/v1/warehouse.js";
import type { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import { findPath, keyOf, neighbours, type World } from "./world.js";

/** A robot's body: where it stands, and how it gets elsewhere. */
export interface Robot {
  /** Drives next to `target`, one cell at a time; resolves to the cells driven. */
  drive(target: Cell, carrying: string, signal: AbortSignal, onStep?: (left: number) => void): Promise<number>;
  /** Takes or sets down what it carries. */
  handle(carrying: string, signal: AbortSignal): Promise<void>;
  /** Goes back to where it came in, unless something is to be done soon: who idles at a station keeps others out. */
  park(signal: AbortSignal): Promise<void>;
}

/** The kind of task that these robots do. */
export const carryKind = "warehouse.carry";

/** Puts a robot on the floor. `random` is for giving way. */
export async function createRobot(
  world: World,
  traffic: Client<typeof TrafficService>,
  random: () => number,
): Promise<Robot> {
  const entered = await traffic.enter({});
  const home = entered.position as Cell;
  let here = home;
  let { occupied } = entered;
  const pause = (steps: number, signal: AbortSignal) => delay(entered.stepMs * steps, undefined, { signal });

  async function step(to: Cell, carrying: string, signal: AbortSignal): Promise<boolean> {
    await pause(1, signal);
    const before = here;
    const { position, occupied: others } = await traffic.move({ to, carrying }, { signal, timeoutMs: 5_000 });
    if (position) here = position;
    occupied = others;
    return here.x !== before.x || here.y !== before.y;
  }

  async function driveTo(
    goals: Cell[],
    carrying: string,
    signal: AbortSignal,
    onStep: (left: number) => void = () => {},
  ): Promise<number> {
    const isFree = (cell: Cell) => !occupied.some((other) => keyOf(other) === keyOf(cell));
    let steps = 0;
    let path: Cell[] | undefined;
    for (let stuck = 0; ; ) {
      if (!path?.[0] || !isFree(path[0])) path = findPath(world, here, goals, occupied);
      if (path?.length === 0) return steps;
      onStep(path?.length ?? 0);
      const to = path?.shift() ?? (stuck > 3 ? aside() : here);
      if (await step(to, carrying, signal)) {
        steps++;
        stuck = 0;
      } else {
        // Somebody is in the way: wait a moment, and after a while step aside.
        path = undefined;
        stuck++;
        await pause(1 + random() * 2, signal);
      }
    }
  }

  function aside(): Cell {
    const beside = neighbours(here).filter(world.isFree);
    return beside[Math.floor(random() * beside.length)] ?? here;
  }

  return {
    drive: (target, carrying, signal, onStep) =>
      driveTo(neighbours(target).filter(world.isFree), carrying, signal, onStep),
    async handle(carrying, signal) {
      await pause(3, signal);
      await step(here, carrying, signal);
    },
    async park(signal) {
      await pause(10, signal);
      await driveTo([home], "", signal);
    },
  };
}

/**
 * Does tasks of kind `warehouse.carry` with a robot, one at a time; `onDelivered` is told of each item that is set down.
 * A robot that cannot go on, because the floor does not answer, hands its task to the others.
 */
export function carryHandler(robot: Robot, onDelivered: (taskId: string, attempt: number) => void): TaskHandler {
  let idle = new AbortController();
  let parked: Promise<void> = Promise.resolve();

  async function carry({ item, shelf, station }: CarryTask, { progress, signal }: TaskContext): Promise<number> {
    if (!shelf || !station) throw new TaskRefusal("reject", "It says neither from where nor to where.");
    progress(0, "to the shelf");
    let steps = await robot.drive(shelf, "", signal);
    await robot.handle(item, signal);
    progress(0.4, "loaded");
    let far = 1;
    steps += await robot.drive(station, item, signal, (left) => {
      far = Math.max(far, left);
      if (left % 6 === 0) progress(0.9 - (0.5 * left) / far, "to the station");
    });
    await robot.handle("", signal);
    return steps;
  }

  return async ({ taskId, attempt, kind, payload }, context) => {
    if (kind !== carryKind) throw new TaskRefusal("reject", `${kind} is not for this robot.`);
    idle.abort();
    await parked;
    try {
      const steps = await carry(CarryTask.decode(payload), context);
      onDelivered(taskId, attempt);
      return CarryResult.encode({ steps }).finish();
    } catch (error) {
      throw error instanceof InterlockError ? new TaskRefusal("forfeit", error.message) : error;
    } finally {
      idle = new AbortController();
      parked = robot.park(idle.signal).catch(() => {});
    }
  };
}
