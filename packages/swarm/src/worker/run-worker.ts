import { type Bot, type Clock, type InterlockError, jsonLog, type Log, systemClock } from "@interlock/bot";
import { monotonicOf } from "@interlock/bot/internal";
import type { Safety } from "../gen/interlock/swarm/v1/swarm.js";
import { DispatchService, SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { isFinal } from "../is-final.js";
import { inHandAtMost } from "../lease.js";
import { createRotation } from "../rotation.js";
import { createSteadyBackoff } from "../steady-backoff.js";
import { systemWait, type Wait } from "../wait.js";
import { createBlockWarning } from "./block-warning.js";
import { createDispatchLink } from "./dispatch-link.js";
import { createLateWait, readArrived, stoodStillMs } from "./late-wait.js";
import { createSafetyLink } from "./safety-link.js";
import { createTaskBounds } from "./task-bounds.js";
import type { TaskHandler } from "./task-handler.js";
import { createUplink } from "./uplink.js";
import { createWorkbench } from "./workbench.js";

/** How a worker works, and for which leaders. */
export interface WorkerOptions {
  /** The addresses of all leaders; the worker finds the one that leads. */
  readonly leaders: readonly string[];
  /** What this worker can do, matched against the `requiredCapabilities` of a task. Default: none. */
  readonly capabilities?: readonly string[];
  /** How many tasks it works on at a time. Default: 1. At most 1,000. */
  readonly slots?: number;
  /**
   * How many tasks it is given beyond its slots, to begin when it has finished others. Default: 0. Slots and prefetch
   * together are at most 1,000. Meant for many short tasks: they arrive, and are reported on, many in one message. The
   * price: they wait here although another worker may become free, and a task of a higher priority waits behind them.
   */
  readonly prefetch?: number;
  /** Makes the worker leave when it aborts: what is in hand is stopped and handed back. Default: never. */
  readonly signal?: AbortSignal;
  /** Takes each change of the link: the leader has opened a session, or is out of reach. */
  readonly onLink?: (link: WorkerLink) => void;
  /**
   * Stops the machine in an emergency stop, besides the handlers, whose signals abort. When it throws, the stop is reported
   * as failed.
   */
  readonly onEmergencyStop?: (stop: Safety) => unknown;
  /** How many milliseconds a handler has to return after its signal has aborted, before a stop counts as failed. Default: 100. */
  readonly haltWithinMs?: number;
  /** Where it warns of a handler that keeps the event loop from running. Default: JSON lines on standard error. */
  readonly log?: Log;
  /** The time. Default: the clock of the machine. */
  readonly clock?: Clock;
  /** How it waits; tests pass one that does not. Default: timers of Node. */
  readonly wait?: Wait;
  /** Gives a random number from 0 to 1, for the backoff. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Whether the leader is within reach; if not, with the error of the last attempt. */
export type WorkerLink = { readonly online: true } | { readonly online: false; readonly error: InterlockError };

/**
 * Runs a worker until `signal` aborts, or until it was drained: it opens a session with the leader that leads, does what is
 * assigned, reports, and reconnects with backoff for as long as it takes. When the leader, or the stream of the emergency
 * stop, is silent for too long, the worker stops its tasks, because the leader gives them to others.
 *
 * @param bot - The bot under whose identity it works.
 * @param options - The leaders, what the worker can do, and how much at a time.
 * @param handle - Does one task.
 * @returns Once the worker has left, and its handlers have returned or had a second to do so.
 * @throws InterlockError when connecting again is useless: the worker is not allowed, is revoked, or another of its name
 * has taken over.
 * @throws TypeError when `slots` or `prefetch` is out of range, or `leaders` is empty.
 * @example
 * ```ts
 * await runWorker(bot, { leaders: ["127.0.0.1:7450"], capabilities: ["carry"] }, async (task, { progress, signal }) => {
 *   await drive(task.payload, signal);
 *   progress(0.5, "half way");
 *   return undefined;
 * });
 * ```
 */
export async function runWorker(bot: Pick<Bot, "client">, options: WorkerOptions, handle: TaskHandler): Promise<void> {
  const {
    leaders,
    capabilities = [],
    slots = 1,
    prefetch = 0,
    signal = new AbortController().signal,
    onLink,
  } = options;
  const { wait = systemWait, onEmergencyStop = () => {}, haltWithinMs = 100, log = jsonLog } = options;
  const clock = monotonicOf(options.clock ?? systemClock); // A worker needs only durations.
  checkWhole("slots", slots, 1);
  checkWhole("prefetch", prefetch, 0);
  const rotation = createRotation(leaders);
  const lateWait = createLateWait(clock, wait);
  const warn = createBlockWarning(clock, log, handle.name);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const uplink = createUplink();
  const bounds = createTaskBounds();
  const bench = createWorkbench(handle, slots, uplink.send, bounds);
  const delays = { maximumMs: maximumDelayMs, ...(options.random && { random: options.random }) };
  const [dispatchBackoff, safetyBackoff] = [createSteadyBackoff(clock, delays), createSteadyBackoff(clock, delays)];
  const dispatch = createDispatchLink({
    capabilities,
    slots,
    prefetch,
    uplink,
    bench,
    bounds,
    clock,
    wait,
    signal,
    onOpen() {
      dispatchBackoff.opened();
      onLink?.({ online: true });
    },
  });
  const safety = createSafetyLink({
    bench,
    clock,
    wait,
    haltWithinMs,
    onEmergencyStop,
    signal: either,
    onOpen: safetyBackoff.opened,
  });

  async function work(): Promise<void> {
    while (!signal.aborted) {
      const address = rotation.current;
      const error = await dispatch.connect(bot.client(DispatchService, address));
      if (error === undefined || signal.aborted) return;
      if (isFinal(error)) throw error;
      rotation.pass(address);
      onLink?.({ online: false, error });
      await wait(dispatchBackoff.next(), signal);
    }
  }

  async function listen(): Promise<void> {
    while (!either.aborted) {
      const address = rotation.current;
      const error = await safety.connect(bot.client(SafetyService, address));
      if (either.aborted) return;
      if (isFinal(error)) throw error;
      await wait(safetyBackoff.next(), either);
    }
  }

  async function stopWhenAlone(): Promise<void> {
    for (let late = 0; !either.aborted; ) {
      bench.stopSilent("LEADER_LOST", clock.now() - dispatch.answeredAt, dispatch.stopAfterMs);
      // The leader's signs of life may be there, unread. A stop among them is obeyed as it is read.
      if (late >= stoodStillMs) await readArrived(() => clock.now() < safety.stopAt);
      const now = clock.now();
      if (now >= safety.stopAt) bench.stopAll("SAFETY_LOST", true);
      const next = [dispatch.answeredAt + dispatch.stopAfterMs, safety.stopAt].filter((at) => at > now);
      const used = process.cpuUsage();
      late = await lateWait(Math.min(...next.map((at) => at - now), longestLookMs), either);
      const kinds = bench.ranSince();
      warn(late, kinds);
      if (late >= longStandstillMs && kinds.length > 0 && hasComputed(process.cpuUsage(used), late)) {
        dispatch.stoodStill(late, kinds);
      }
    }
  }

  const leaving = () => bench.stopAll("WORKER_LEFT");
  signal.addEventListener("abort", leaving);
  try {
    void stopWhenAlone();
    await Promise.race([work(), listen().then(() => new Promise<never>(() => {}))]);
  } finally {
    over.abort();
    signal.removeEventListener("abort", leaving);
    bench.stopAll("WORKER_LEFT");
    // A handler that ignores its signal does not keep the worker from leaving.
    await Promise.race([bench.idle(), wait(longestHaltMs, new AbortController().signal)]);
  }
}

/** A shorter standstill endangers no lease, in milliseconds. */
const longStandstillMs = 1_000;

/** Whether the process was busy for much of the time, and not suspended. */
function hasComputed({ user, system }: NodeJS.CpuUsage, ms: number): boolean {
  return (user + system) / 1_000 >= ms / 5;
}

const maximumDelayMs = 1_000;
const longestLookMs = 500;
const longestHaltMs = 1_000;

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least && value <= inHandAtMost) return;
  throw new TypeError(`${name} is a whole number from ${least} to ${inHandAtMost}; it is ${value}.`);
}
