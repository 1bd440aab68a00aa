import { jsonLog, type Log, systemClock, type Unsubscribe } from "@interlock/bot";
import { createListeners, monotonicOf, namedLog } from "@interlock/bot/internal";
import type { Safety, Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { AuditEntry, TaskStore } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";
import { systemWait } from "../wait.js";
import { createDispatcher, type Dispatcher, type DispatchOptions } from "./dispatcher.js";
import { createLimits, type Limits } from "./limits.js";
import type { Refusal } from "./reports.js";
import type { WorkerChange } from "./sessions.js";
import { createTiming } from "./timing.js";

/** The settings of a leader. */
export interface LeaderOptions extends DispatchOptions {
  /** The name of the bot. Each leader of one store needs a name of its own. */
  readonly name: string;
  /** Where the tasks are kept; `openTaskStore` of `@interlock/swarm/store` opens it. */
  readonly store: TaskStore;
  /** How many milliseconds a leader leads after each write to the store. Default: 2,000. */
  readonly leadMs?: number;
  /** Where it logs why it cannot lead. Default: JSON lines on standard error. */
  readonly log?: Log;
}

/** A leader: it leads while no other one over the same store does, and stands by otherwise. */
export interface Leader {
  /** The name of the bot. */
  readonly name: string;
  /** The bounds of its tasks. */
  readonly limits: Limits;
  /** The dispatcher while it leads. Throws `LEADER_STANDBY` when it does not. */
  active(): Dispatcher;
  /** Whether it leads now. */
  readonly leads: boolean;
  /**
   * The latest entries of the audit, the latest first: of all kinds, or of one. `limit` is 100 by default. Refusals push out no
   * stop and no reset: the latest 10,000 of each are kept.
   */
  audit(limit?: number, kind?: AuditEntry["kind"]): Promise<AuditEntry[]>;
  /** Calls `listener` with each changed task, once the change is on the disk. */
  onTask(listener: (task: Task) => void): Unsubscribe;
  /** Calls `listener` when a worker comes, drains or goes. */
  onWorker(listener: (change: WorkerChange) => void): Unsubscribe;
  /** Calls `listener` with each report that was refused. */
  onRefusal(listener: (refusal: Refusal) => void): Unsubscribe;
  /** Calls `listener` with each change of the emergency stop. */
  onSafety(listener: (safety: Safety) => void): Unsubscribe;
  /** Calls `listener` when it begins to lead, and when it leads no longer. */
  onLead(listener: (leads: boolean) => void): Unsubscribe;
  /** Hands the lead over, and ends. The store stays open. */
  close(): Promise<void>;
}

const tickMs = 100;

/**
 * Creates a leader, which begins at once to lead or to stand by.
 *
 * @param options - Its name, its store, and how it dispatches.
 * @returns The leader. `leaderRoutes` serves it.
 * @throws TypeError when no worker could keep to the times, as when it would stop only after it is lost.
 * @example
 * ```ts
 * const leader = createLeader({ name: bot.name, store: await openTaskStore("tasks.db") });
 * await bot.serve({ port: 7450 }, leaderRoutes(leader));
 * ```
 */
export function createLeader(options: LeaderOptions): Leader {
  const { name, store, leadMs = 2_000, clock = systemClock, wait = systemWait } = options;
  const log = namedLog(options.log ?? jsonLog, name);
  // These throw here, and not only when it begins to lead.
  createTiming(options);
  const limits = createLimits(options.limits);
  const tasks = createListeners<Task>();
  const workers = createListeners<WorkerChange>();
  const refusals = createListeners<Refusal>();
  const safeties = createListeners<Safety>();
  const leads = createListeners<boolean>();
  const closing = new AbortController();
  let dispatcher: Dispatcher | undefined;
  const running = run();

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const epoch = await store.acquire(name, leadMs);
        if (epoch !== undefined) await leadEpoch(epoch);
      } catch (error) {
        // A store that is out of reach may be back soon.
        log.warn("this leader cannot lead", { leader: name, error: String(error) });
      }
      await wait(leadMs / 4, closing.signal);
    }
  }

  function onFault(what: string, error: unknown): void {
    log.warn(what, { leader: name, error: String(error) });
  }

  async function leadEpoch(epoch: number): Promise<void> {
    const inherited = await store.inherit(epoch);
    const over = new AbortController();
    const onDeposed = (error: Error) => {
      log.warn("this leader leads no longer", { leader: name, error: String(error) });
      over.abort();
    };
    const current = createDispatcher({ ...options, store, epoch, inherited, leadMs, onFault, onDeposed });
    current.onTask(tasks.tell);
    current.onWorker(workers.tell);
    current.onRefusal(refusals.tell);
    current.onSafety(safeties.tell);
    dispatcher = current;
    leads.tell(true);
    try {
      await rule(current, AbortSignal.any([over.signal, closing.signal]));
      if (over.signal.aborted) return;
      await current.settled();
      current.end(swarmError("LEADER_STANDBY"));
      await store.release(epoch);
    } finally {
      dispatcher = undefined;
      leads.tell(false);
    }
  }

  async function rule(current: Dispatcher, signal: AbortSignal): Promise<void> {
    const beatMs = createTiming(options).stopAfterMs / 3;
    const { now } = monotonicOf(clock);
    let [renewedAt, beatAt] = [now(), now()];
    let renewing: Promise<void> | undefined;
    while (!signal.aborted) {
      if (!tick(current)) return;
      if (now() - beatAt >= beatMs) {
        beatAt = now();
        current.safety.beat();
      }
      if (now() - renewedAt >= leadMs / 4 && !renewing) {
        renewedAt = now();
        renewing = current.renew().finally(() => {
          renewing = undefined;
        });
      }
      await wait(tickMs, signal);
    }
  }

  /** False when it was deposed, and has ended every stream. */
  function tick(current: Dispatcher): boolean {
    try {
      current.tick();
      return true;
    } catch (error) {
      if (current.over) return false;
      onFault("the leader's clock work failed once", error);
      return true;
    }
  }

  return {
    name,
    limits,
    active() {
      if (!dispatcher) throw swarmError("LEADER_STANDBY");
      return dispatcher;
    },
    get leads() {
      return dispatcher !== undefined;
    },
    audit: (limit = 100, kind) => store.audit(limit, kind),
    onTask: tasks.add,
    onWorker: workers.add,
    onRefusal: refusals.add,
    onSafety: safeties.add,
    onLead: leads.add,
    async close() {
      closing.abort();
      await running;
    },
  };
}
