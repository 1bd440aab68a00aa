import { type Bot, InterlockError } from "@interlock/bot";
import { connectSwarm, isClosed, type Swarm, type Task, TaskState } from "@interlock/swarm";
import { brewKind, carryKind } from "./crew-work.js";
import { BrewTask, CarryTask, type GetFloorResponse } from "./gen/warehouse/v1/warehouse.js";
import { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import { createListeners } from "./listeners.js";

/** The operator's orders, and their current state. */
export interface Work {
  /** The swarm, across all leaders. */
  readonly swarm: Swarm;
  /** The ids of all submitted tasks. */
  readonly submitted: ReadonlySet<string>;
  readonly tasks: ReadonlyMap<string, Task>;
  floor(): GetFloorResponse;
  counts(): { total: number; waiting: number; active: number; done: number };
  /** Submits the orders, each under its own idempotency key. */
  submit(orders: readonly CarryTask[]): Promise<void>;
  /** Submits one item with priority over all others. */
  errand(order: CarryTask): Promise<Task>;
  /** Orders coffee. */
  coffee(guest: string): Promise<Task>;
  /** Adds a task that another bot submitted to those that must be completed. */
  expect(task: Task): Task;
  /** Resolves to the task once `isSo` is true for it. Rejects after `withinMs`. Default: 15 s. */
  until(taskId: string, isSo: (task: Task) => boolean, withinMs?: number): Promise<Task>;
  /** Reads all tasks from the leader. */
  listAll(): Promise<Task[]>;
}

const atOnce = 8;
const patienceMs = 15_000;

/** The bot as one that calls through the gateway. */
export function throughGateway(bot: Bot): Pick<Bot, "client"> {
  const client = ((service, address, options) =>
    bot.client(service, address as string, { ...options, server: "gateway/*" })) as Bot["client"];
  return { client };
}

/** Submits, through the gateway, and watches under the operator's identity; calls `onProblem` if a watch breaks before `signal` aborts. */
export function operate(
  operator: Bot,
  at: { readonly leader: string; readonly gateway: string; readonly floor: string },
  signal: AbortSignal,
  onProblem: (problem: string) => void,
): Work {
  const swarm = connectSwarm(operator, [at.leader]);
  const orders = connectSwarm(throughGateway(operator), [at.gateway]);
  const traffic = operator.client(TrafficService, at.floor);
  const tasks = new Map<string, Task>();
  const changes = createListeners<Task>();
  const submitted = new Set<string>();
  let floor: GetFloorResponse = { robots: [], machines: [] };
  let errands = 0;

  const watch = async (what: string, run: () => Promise<void>) => {
    try {
      await run();
    } catch (error) {
      if (!signal.aborted) onProblem(`watching ${what}: ${InterlockError.from(error).message}`);
    }
  };
  void watch("tasks", async () => {
    for await (const update of swarm.watch({ signal })) {
      for (const task of update.tasks) {
        tasks.set(task.taskId, task);
        changes.tell(task);
      }
    }
  });
  void watch("the floor", async () => {
    for await (const now of traffic.watchFloor({}, { signal })) floor = now;
  });

  async function put(order: Parameters<Swarm["submit"]>[0]): Promise<Task> {
    return expect((await orders.submit(order)).task);
  }

  function expect(task: Task): Task {
    submitted.add(task.taskId);
    return task;
  }

  const carry = (order: CarryTask) => ({
    kind: carryKind,
    payload: CarryTask.encode(order).finish(),
    requiredCapabilities: [carryKind],
  });

  return {
    swarm,
    submitted,
    tasks,
    expect,
    floor: () => floor,
    counts() {
      const all = [...tasks.values()];
      const waiting = all.filter(({ state }) => state === TaskState.TASK_STATE_SUBMITTED).length;
      const done = all.filter(({ state }) => isClosed(state)).length;
      return { total: submitted.size, waiting, done, active: all.length - waiting - done };
    },
    async submit(orders) {
      const queue = orders.entries();
      const submitSome = async () => {
        for (const [i, order] of queue) await put({ ...carry(order), idempotencyKey: `order-${i + 1}` });
      };
      await Promise.all(Array.from({ length: atOnce }, submitSome));
    },
    errand: (order) => put({ ...carry(order), priority: 100, idempotencyKey: `errand-${++errands}` }),
    coffee(guest) {
      const payload = BrewTask.encode({ guest }).finish();
      return put({ kind: brewKind, payload, requiredCapabilities: [brewKind], priority: 100, maximumAttempts: 20 });
    },
    until(taskId, isSo, withinMs = patienceMs) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          stop();
          const { state, worker = "", attempt } = tasks.get(taskId) ?? {};
          reject(new Error(`task ${taskId} is in state ${state}, attempt ${attempt}, ${worker} after ${withinMs} ms`));
        }, withinMs);
        const check = (task: Task) => {
          if (task.taskId !== taskId || !isSo(task)) return;
          clearTimeout(timer);
          stop();
          resolve(task);
        };
        const stop = changes.add(check);
        const now = tasks.get(taskId);
        if (now) check(now);
      });
    },
    async listAll() {
      const all: Task[] = [];
      for (let pageToken = "", more = true; more; more = pageToken !== "") {
        const page = await swarm.list({ pageToken, pageSize: 500 });
        all.push(...page.tasks);
        pageToken = page.nextPageToken;
      }
      return all;
    },
  };
}
