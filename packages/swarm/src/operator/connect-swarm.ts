import { randomUUID } from "node:crypto";
import { type Bot, type CallOptions, InterlockError, systemClock } from "@interlock/bot";
import { createBackoff, monotonicOf } from "@interlock/bot/internal";
import {
  type CancelTasksRequest,
  type CancelTasksResponse,
  type EmergencyStopResponse,
  type ListTasksRequest,
  type ListTasksResponse,
  type ListWorkersResponse,
  type Safety,
  type SubmitTaskRequest,
  type Task,
  TaskView,
  type WatchSafetyResponse,
  type WatchTasksResponse,
  type Worker,
} from "../gen/interlock/swarm/v1/swarm.js";
import { OperatorService, SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { isFinal } from "../is-final.js";
import { createRotation } from "../rotation.js";
import { createSteadyBackoff } from "../steady-backoff.js";
import { systemWait, type Wait } from "../wait.js";

/** A swarm as an operator sees it: each call finds the leader that leads. A call fails after 10 s without one, by default. */
export interface Swarm {
  /**
   * Submits a task, and gives it once it is on the disk.
   *
   * @param task - What is to be done. Without an idempotency key it gets one, so that a repetition at the next leader does
   * not make a second task.
   * @returns The task; `created` is false when its idempotency key was used before.
   */
  submit(
    task: Partial<SubmitTaskRequest> & { readonly kind: string },
    options?: CallOptions,
  ): Promise<{ task: Task; created: boolean }>;
  /** Gives one task as it is now. */
  get(taskId: string, options?: CallOptions): Promise<Task>;
  /** Gives one page of tasks, in the order of submission. */
  list(request?: Partial<ListTasksRequest>, options?: CallOptions): Promise<ListTasksResponse>;
  /** Gives the workers by name, also those that are lost. */
  workers(options?: CallOptions): Promise<ListWorkersResponse>;
  /** Closes a task, and stops the worker that has it. */
  cancel(taskId: string, reason: string, options?: CallOptions): Promise<Task>;
  /**
   * Closes the open tasks that match every field that is set, and stops their workers. One call closes at most 1,000: with
   * `more`, call again.
   */
  cancelAll(
    filter: Partial<Omit<CancelTasksRequest, "reason">>,
    reason: string,
    options?: CallOptions,
  ): Promise<CancelTasksResponse>;
  /** Has the worker that holds a task stand still with it. */
  pause(taskId: string, options?: CallOptions): Promise<Task>;
  /** Lets a paused task go on. */
  resume(taskId: string, options?: CallOptions): Promise<Task>;
  /** Gives a worker no more tasks; it finishes those that it has, and leaves. */
  drain(worker: string, options?: CallOptions): Promise<Worker>;
  /**
   * Follows the tasks until `signal` aborts; after a change of leaders it continues where it was. With
   * `view: TaskView.TASK_VIEW_BASIC`, tasks come without `payload`, `result` and `checkpoint`.
   */
  watch(options?: {
    readonly taskIds?: readonly string[];
    readonly cursor?: string;
    readonly view?: TaskView;
    readonly signal?: AbortSignal;
  }): AsyncIterable<WatchTasksResponse>;
  /**
   * Stops everything.
   *
   * @param reason - Why, for the record.
   * @param options - With `waitMs`, how many milliseconds to wait for the workers' acknowledgments. Default: 150. At most
   * 10,000.
   * @returns The workers that have stopped, that failed to, and that do not answer.
   */
  emergencyStop(reason: string, options?: CallOptions & { readonly waitMs?: number }): Promise<EmergencyStopResponse>;
  /** Ends an emergency stop. */
  resetEmergencyStop(stopId: string, reason: string, options?: CallOptions): Promise<Safety>;
  /** Follows the emergency stop until `signal` aborts, from one leader to the next. */
  watchSafety(options?: { readonly signal?: AbortSignal }): AsyncIterable<WatchSafetyResponse>;
}

/** How long a call looks for a leader by default, in milliseconds. */
const patienceMs = 10_000;
const clock = monotonicOf(systemClock);
/** How long one leader of several may be silent, in milliseconds. */
const silenceMs = 2_000;

/**
 * Connects an operator to a swarm with any number of leaders.
 *
 * @param bot - The bot under whose identity the calls are made.
 * @param leaders - The addresses of all leaders.
 * @param wait - How it waits between attempts; tests pass one that does not. Default: timers of Node.
 * @returns The swarm. It holds no stream until it is asked to follow something.
 * @throws TypeError when `leaders` is empty.
 * @example
 * ```ts
 * const swarm = connectSwarm(bot, ["10.0.0.1:7450", "10.0.0.2:7450"]);
 * const { task } = await swarm.submit({ kind: "carry", idempotencyKey: "order-7" });
 * ```
 */
export function connectSwarm(bot: Pick<Bot, "client">, leaders: readonly string[], wait: Wait = systemWait): Swarm {
  const rotation = createRotation(leaders);
  // Created here, because the first client of a process changes how its handlers forward their calls.
  const clients = leaders.map((address) => ({
    address,
    operator: bot.client(OperatorService, address),
    safety: bot.client(SafetyService, address),
  }));
  type Clients = (typeof clients)[number];
  const current = (): Clients => clients.find(({ address }) => address === rotation.current) as Clients;

  async function call<T>(
    { timeoutMs = patienceMs, ...options }: CallOptions = {},
    ask: (clients: Clients, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const until = clock.now() + timeoutMs;
    let last: unknown;
    const backoff = createBackoff({ firstMs: 20, maximumMs: 500 });
    const never = new AbortController().signal;
    for (;;) {
      const asked = current();
      const left = until - clock.now();
      if (left <= 0 && last) throw last;
      // A leader that does not answer must not use up the time of the others.
      const share = clients.length > 1 ? Math.min(left, silenceMs) : left;
      try {
        return await ask(asked, { ...options, timeoutMs: share });
      } catch (error) {
        const { code, reason } = InterlockError.from(error);
        const silent = clients.length > 1 && code === "DEADLINE_EXCEEDED";
        if (!(silent || isElsewhere(reason)) || options.signal?.aborted) throw error;
        last = error;
        rotation.pass(asked.address);
        await wait(backoff.next(), options.signal ?? never);
      }
    }
  }

  async function* follow<T>(
    signal: AbortSignal | undefined,
    open: (clients: Clients) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const backoff = createSteadyBackoff(systemClock, { firstMs: 50, maximumMs: 1_000 });
    const never = new AbortController().signal;
    while (!signal?.aborted) {
      const asked = current();
      try {
        for await (const message of open(asked)) {
          backoff.opened();
          yield message;
        }
      } catch (error) {
        if (signal?.aborted) return;
        if (isFinal(InterlockError.from(error))) throw error;
      }
      rotation.pass(asked.address);
      await wait(backoff.next(), signal ?? never);
    }
  }

  const whole = ({ task }: { task?: Task | undefined }) => task as Task;

  return {
    submit(task, options) {
      const request = { idempotencyKey: randomUUID(), ...task };
      return call(options, async ({ operator }, o) => {
        const { created, ...answer } = await operator.submitTask(request, o);
        return { task: whole(answer), created };
      });
    },
    get: (taskId, options) => call(options, async ({ operator }, o) => whole(await operator.getTask({ taskId }, o))),
    list: (request = {}, options) => call(options, ({ operator }, o) => operator.listTasks(request, o)),
    async workers(options) {
      const workers: Worker[] = [];
      let pageToken = "";
      do {
        const page = await call(options, ({ operator }, o) => operator.listWorkers({ pageToken }, o));
        workers.push(...page.workers);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return { workers, nextPageToken: "" };
    },
    cancel: (taskId, reason, options) =>
      call(options, async ({ operator }, o) => whole(await operator.cancelTask({ taskId, reason }, o))),
    cancelAll: (filter, reason, options) =>
      call(options, ({ operator }, o) => operator.cancelTasks({ ...filter, reason }, o)),
    pause: (taskId, options) =>
      call(options, async ({ operator }, o) => whole(await operator.pauseTask({ taskId }, o))),
    resume: (taskId, options) =>
      call(options, async ({ operator }, o) => whole(await operator.resumeTask({ taskId }, o))),
    drain: (worker, options) =>
      call(options, async ({ operator }, o) => (await operator.drainWorker({ worker }, o)).worker as Worker),
    async *watch({ taskIds = [], cursor = "", view = TaskView.TASK_VIEW_FULL, signal } = {}) {
      let from = cursor;
      const options = signal ? { signal } : {};
      const updates = follow(signal, ({ operator }) =>
        operator.watchTasks({ taskIds: [...taskIds], cursor: from, view }, options),
      );
      for await (const update of updates) {
        yield update;
        from = update.cursor || from;
      }
    },
    emergencyStop: (reason, { waitMs = 0, ...options } = {}) =>
      call(options, ({ safety }, o) => safety.emergencyStop({ reason, waitMs }, o)),
    resetEmergencyStop: (stopId, reason, options) =>
      call(options, async ({ safety }, o) => (await safety.resetEmergencyStop({ stopId, reason }, o)).safety as Safety),
    watchSafety: ({ signal } = {}) =>
      follow(signal, ({ safety }) => safety.watchSafety({ withWorkers: true }, signal ? { signal } : {})),
  };
}

/** Whether another leader, or this one a moment later, may answer. */
function isElsewhere(reason: string | undefined): boolean {
  return reason === "LEADER_STANDBY" || reason === "SERVER_UNREACHABLE";
}
