import { setTimeout as delay } from "node:timers/promises";
import { type Bot, type Client, InterlockError } from "@interlock/bot";
import { connectSwarm, type Swarm } from "@interlock/swarm";
import type { Chronicle } from "./chronicle.js";
import type { Credentials } from "./credentials.js";
import type { Fleet, Member } from "./fleet.js";
import type { CarryTask } from "./gen/warehouse/v1/warehouse.js";
import { RobotService, TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import { operate, type Work } from "./operate.js";
import { endlessOrders } from "./orders.js";
import { keepCalling, type Steady } from "./steady.js";
import { createWorld, type World } from "./world.js";

/** Everything that an act may use: the running swarm and the other members of the fleet. */
export interface Stage {
  readonly world: World;
  readonly fleet: Fleet;
  readonly chronicle: Chronicle;
  /** The operator's orders and their state. */
  readonly work: Work;
  readonly operator: Bot;
  readonly supervisor: Bot;
  /** The supervisor's side of the emergency stop. */
  readonly supervision: Swarm;
  /** The current credentials of a bot without grants: they are on the visitor's laptop. */
  visitor(): Promise<Credentials>;
  /** Calls that run throughout the story. */
  readonly steady: Steady;
  /** A new order. */
  order(): CarryTask;
  /** Ensures that every robot has a task, and that more tasks wait. */
  keepBusy(): Promise<void>;
  /** Does so until something has happened, however long that takes on this machine, and gives what came of it. */
  keepBusyUntil<T>(event: Promise<T>): Promise<T>;
  /** The process of a worker; throws for a worker that the demo did not start. */
  worker(name: string): Member;
  robot(member: Member): Client<typeof RobotService>;
}

/** How often it is looked whether the robots still have enough to do, in milliseconds: a robot carries for a second or two. */
const lookMs = 250;

/** Sets the stage: bots without a process of their own join here, and the orders are submitted. */
export async function createStage(
  fleet: Fleet,
  chronicle: Chronicle,
  { tasks, seed }: { readonly tasks: number; readonly seed: number },
  signal: AbortSignal,
  onProblem: (problem: string) => void,
): Promise<Stage> {
  const world = createWorld();
  const orders = endlessOrders(world, seed);
  const order = () => orders.next().value;
  const [operator, supervisor, visitor] = await Promise.all(
    ["operator/1", "supervisor/1", "visitor/1"].map((name) => fleet.join(name)),
  );
  if (!operator || !supervisor || !visitor) throw new InterlockError("INTERNAL", "Nobody has joined.");
  const at = { leader: fleet.leader.address, gateway: fleet.gateway.address, floor: fleet.floor.address };
  const work = operate(operator, at, signal, onProblem);
  await work.submit(Array.from({ length: tasks }, order));
  async function keepBusy(): Promise<void> {
    const enough = fleet.workers.length * 2;
    for (let { waiting } = work.counts(); waiting < enough; waiting++) await work.errand(order());
  }

  return {
    world,
    fleet,
    chronicle,
    work,
    operator,
    supervisor,
    order,
    supervision: connectSwarm(supervisor, [fleet.leader.address]),
    visitor: () => fleet.loot("visitor/1"),
    steady: keepCalling(operator.client(TrafficService, fleet.floor.address), signal),
    keepBusy,
    async keepBusyUntil(event) {
      let happened = false;
      const happens = event.then(
        () => (happened = true),
        () => (happened = true),
      );
      while (!happened) {
        await keepBusy();
        await Promise.race([happens, delay(lookMs)]);
      }
      return event;
    },
    worker(name) {
      const found = fleet.workers.find((each) => each.name === name);
      if (!found) throw new Error(`${name} is no robot of the demo.`);
      return found;
    },
    robot: (member) => supervisor.client(RobotService, member.address),
  };
}
