import { setMaxListeners } from "node:events";
import { TaskRefusal, type WorkerTask } from "@interlock/swarm";
import { carryKind, crewWork } from "../crew-work.js";
import { createFloor } from "../floor.js";
import { CarryTask } from "../gen/warehouse/v1/warehouse.js";
import { createMachines, type Effect } from "../machines.js";
import { makeOrders } from "../orders.js";
import { createRandom } from "../random.js";
import { createRobot } from "../robot.js";
import { createWorld, keyOf } from "../world.js";
import { createVirtualTime } from "./virtual-time.js";

/** The result of a simulated day. */
export interface Day {
  /** Every cell that a robot drove to, in order: `12 worker/1 3,4`. One entry per step. */
  readonly trace: readonly string[];
  readonly effects: readonly Effect[];
  /** The number of failed attempts. */
  readonly failures: number;
  /** The lowest charge of any battery. */
  readonly lowestBattery: number;
  /** The number of times that two robots were on one cell, or a robot was on a blocked cell. */
  readonly collisions: number;
}

/** Simulates a day in the warehouse without processes, network and clock; the same for the same seed. */
export async function simulateDay(seed: number, robots: number, orders: number): Promise<Day> {
  const world = createWorld();
  const floor = createFloor(world);
  const time = createVirtualTime();
  const trace: string[] = [];
  const effects: Effect[] = [];
  let [failures, collisions, lowestBattery, tokens] = [0, 0, 1, 0n];
  const onEffect = (effect: Effect) => effects.push(effect);
  const machines = createMachines({ world, gripMs: 3, brewMs: 20, wait: time.wait, onEffect });
  const queue = makeOrders(world, orders, seed).map((order, i) => {
    const checkpoint: Uint8Array = new Uint8Array();
    return { taskId: `${i}`, order, checkpoint };
  });

  async function work(name: string, random: () => number): Promise<void> {
    const robot = await createRobot({
      world,
      random,
      wait: time.wait,
      traffic: {
        enter: async () => ({ ...floor.enter(name), stepMs: 1 }),
        async move({ to, ...load }) {
          const standing = floor.move(name, { x: 0, y: 0, ...to }, { carrying: "", battery: 1, status: "", ...load });
          trace.push(`${time.now()} ${name} ${keyOf(standing.position)}`);
          lowestBattery = Math.min(lowestBattery, load.battery ?? 1);
          const cells = floor.robots().map(({ position }) => position ?? { x: -1, y: -1 });
          if (new Set(cells.map(keyOf)).size < cells.length || !cells.every(world.isFree)) collisions++;
          return standing;
        },
      },
    });
    const { handle } = crewWork({
      world,
      robot,
      random,
      broken: () => new AbortController().signal,
      machines: {
        async place({ taskId = "", leaseToken = 0n, station }, { signal } = {}) {
          const attempt = { robot: name, taskId, leaseToken: BigInt(leaseToken) };
          const already = await machines.place({ x: 0, y: 0, ...station }, attempt, signal ?? never);
          return { already };
        },
        brew: async () => ({ already: false }),
      },
    });
    for (let next = queue.shift(); next; next = queue.shift()) {
      const current = next;
      const task: WorkerTask = {
        taskId: current.taskId,
        attempt: 1,
        leaseToken: ++tokens,
        kind: carryKind,
        deadline: undefined,
        payload: CarryTask.encode(current.order).finish(),
        checkpoint: current.checkpoint,
      };
      const checkpoint = async (state: Uint8Array) => {
        current.checkpoint = state;
      };
      try {
        await handle(task, { signal: never, progress() {}, checkpoint, unpaused: async () => {} });
      } catch (error) {
        if (error instanceof TaskRefusal && error.kind === "reject") throw error;
        failures++;
        queue.push(current);
      }
    }
  }

  const never = new AbortController().signal;
  setMaxListeners(0, never);
  const crew = Array.from({ length: robots }, (_, i) => work(`worker/${i + 1}`, createRandom(seed * 100 + i)));
  await time.run(Promise.all(crew));
  return { trace, effects, failures, lowestBattery, collisions };
}
