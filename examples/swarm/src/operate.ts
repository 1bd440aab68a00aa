import { type Bot, InterlockError } from "@interlock/bot";
import { isClosed, OperatorService, type Task, TaskState } from "@interlock/swarm";
import { carryKind } from "./carry.js";
import { CarryTask, type Robot } from "./gen/warehouse/v1/warehouse.js";
import { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";

/** What the operator knows of the work, as it hears of it. */
export interface Work {
  /** The ids of what it submitted, in order. */
  readonly submitted: string[];
  readonly tasks: ReadonlyMap<string, Task>;
  readonly robots: () => readonly Robot[];
  counts(): { waiting: number; active: number; done: number };
  /** Submits the orders, each under its own idempotency key. */
  submit(orders: readonly CarryTask[]): Promise<void>;
  /** Asks the leader for every task there is. */
  listAll(): Promise<Task[]>;
}

const atOnce = 8;

/** Submits and watches under the operator's identity; `onProblem` hears of a watch that broke before `signal` aborts. */
export function operate(
  operator: Bot,
  leader: string,
  signal: AbortSignal,
  onProblem: (problem: string) => void,
): Work {
  const client = operator.client(OperatorService, leader);
  const traffic = operator.client(TrafficService, leader);
  const tasks = new Map<string, Task>();
  const submitted: string[] = [];
  let robots: readonly Robot[] = [];

  const watch = async (what: string, run: () => Promise<void>) => {
    try {
      await run();
    } catch (error) {
      if (!signal.aborted) onProblem(`watching ${what}: ${InterlockError.from(error).message}`);
    }
  };
  void watch("tasks", async () => {
    for await (const update of client.watchTasks({}, { signal })) {
      for (const task of update.tasks) tasks.set(task.taskId, task);
    }
  });
  void watch("the floor", async () => {
    for await (const floor of traffic.watchFloor({}, { signal })) robots = floor.robots;
  });

  return {
    submitted,
    tasks,
    robots: () => robots,
    counts() {
      const all = [...tasks.values()];
      const waiting = all.filter(({ state }) => state === TaskState.TASK_STATE_SUBMITTED).length;
      const done = all.filter(({ state }) => isClosed(state)).length;
      return { waiting, done, active: all.length - waiting - done };
    },
    async submit(orders) {
      const queue = orders.entries();
      const submitSome = async () => {
        for (const [i, order] of queue) {
          const { task } = await client.submitTask({
            kind: carryKind,
            payload: CarryTask.encode(order).finish(),
            requiredCapabilities: [carryKind],
            idempotencyKey: `order-${i + 1}`,
          });
          if (task) submitted.push(task.taskId);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, submitSome));
    },
    async listAll() {
      const all: Task[] = [];
      for (let pageToken = "", more = true; more; more = pageToken !== "") {
        const page = await client.listTasks({ pageToken, pageSize: 500 });
        all.push(...page.tasks);
        pageToken = page.nextPageToken;
      }
      return all;
    },
  };
}
