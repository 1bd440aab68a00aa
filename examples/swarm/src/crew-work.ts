import { type Client, InterlockError } from "@interlock/bot";
import { type TaskContext, type TaskHandler, TaskRefusal, type WorkerTask } from "@interlock/swarm";
import { BrewTask, CarryCheckpoint, CarryResult, CarryTask } from "./gen/warehouse/v1/warehouse.js";
import type { MachineService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { Robot } from "./robot.js";
import { sameCell, type World } from "./world.js";

/** The kind of a task to carry an item from its shelf to a station. */
export const carryKind = "warehouse.carry";
/** The kind of a task to fetch coffee. */
export const brewKind = "coffee.brew";

export interface CrewWorkOptions {
  readonly world: World;
  readonly robot: Robot;
  readonly machines: Pick<Client<typeof MachineService>, "place" | "brew">;
  /** From 0 to 1; below {@link slipRate} the gripper slips. */
  readonly random: () => number;
  /** Aborts when the drive breaks down. */
  readonly broken: () => AbortSignal;
}

export interface CrewWork {
  readonly handle: TaskHandler;
  /** Stops the robot's movements between two tasks. */
  halt(): Promise<void>;
}

/** The share of items that slip from the gripper; the task is then tried again. */
export const slipRate = 0.02;
const checkpointEvery = 8;
const fragileSlowness = 6;

/**
 * The task handler of a robot: carry, or brew. When the drive or the floor fails, the robot hands its task back; another
 * robot continues from the checkpoint, and takes over the item where it is.
 */
export function crewWork({ world, robot, machines, random, broken }: CrewWorkOptions): CrewWork {
  let idle = new AbortController();
  let parked: Promise<void> = Promise.resolve();

  async function carry(task: WorkerTask, { progress, checkpoint }: TaskContext, signal: AbortSignal): Promise<number> {
    const { item, shelf, station, fragile } = CarryTask.decode(task.payload);
    if (!shelf || !station) throw new TaskRefusal("reject", "It says neither from where nor to where.");
    const { itemAt } = CarryCheckpoint.decode(task.checkpoint);
    let steps = 0;
    if (!itemAt || !sameCell(itemAt, robot.position)) {
      progress(0, itemAt ? "takes over" : "to the shelf");
      steps += await robot.drive(itemAt ?? shelf, { signal });
    }
    await robot.handle(item, 3, "loading", signal);
    if (random() < slipRate) throw new Error("The item slipped from the gripper.");
    const mark = () => checkpoint(CarryCheckpoint.encode({ itemAt: robot.position }).finish());
    progress(0.4, "loaded");
    await mark();
    let far = 1;
    let driven = 0;
    const onStep = (left: number) => {
      far = Math.max(far, left);
      if (left % 4 === 0) progress(0.9 - (0.5 * left) / far, "to the station");
      // The robot does not wait for the leader's disk while it drives.
      if (++driven % checkpointEvery === 0) mark().catch(() => {});
    };
    steps += await robot.drive(station, { carrying: item, signal, slowness: fragile ? fragileSlowness : 1, onStep });
    const { taskId, leaseToken } = task;
    await machines.place({ taskId, leaseToken, station }, { signal });
    await robot.handle("", 1, "", signal);
    return steps;
  }

  async function brew(task: WorkerTask, { progress }: TaskContext, signal: AbortSignal): Promise<number> {
    progress(0, "to the coffee maker");
    const steps = await robot.drive(world.coffeeMaker, { signal });
    progress(0.5, "brewing");
    const { taskId, leaseToken } = task;
    await machines.brew({ taskId, leaseToken }, { signal });
    await robot.handle(`coffee for ${BrewTask.decode(task.payload).guest}`, 2, "", signal);
    return steps;
  }

  async function handle(task: WorkerTask, context: TaskContext): Promise<Uint8Array> {
    const work = new Map([
      [carryKind, carry],
      [brewKind, brew],
    ]).get(task.kind);
    if (!work) throw new TaskRefusal("reject", `${task.kind} is not for this robot.`);
    idle.abort();
    await parked;
    const breakdown = broken();
    const signal = AbortSignal.any([context.signal, breakdown]);
    try {
      await robot.charge(signal);
      return CarryResult.encode({ steps: await work(task, context, signal) }).finish();
    } catch (error) {
      if (breakdown.aborted) throw new TaskRefusal("forfeit", "The drive has broken down.");
      // A supervisor may arrive in a moment, so the task is tried again later.
      const later = error instanceof InterlockError && error.reason === "SUPERVISOR_ABSENT";
      throw error instanceof InterlockError && !later ? new TaskRefusal("forfeit", error.message) : error;
    } finally {
      idle = new AbortController();
      // A stopped robot does not move.
      if (!context.signal.aborted) parked = robot.park(idle.signal).catch(() => {});
    }
  }

  return {
    handle,
    async halt() {
      idle.abort();
      await parked;
    },
  };
}
