import { type Bot, type Clock, type InterlockError, systemClock } from "@interlock/bot";
import { createBackoff } from "@interlock/bot/internal";
import type { Safety } from "../gen/interlock/swarm/v1/swarm.js";
import { DispatchService, SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { isFinal } from "../is-final.js";
import { inHandAtMost } from "../lease.js";
import { createRotation } from "../rotation.js";
import { systemWait, type Wait } from "../wait.js";
import { createDispatchLink } from "./dispatch-link.js";
import { createSafetyLink } from "./safety-link.js";
import type { TaskHandler } from "./task-handler.js";
import { createWorkbench } from "./workbench.js";

export interface WorkerOptions {
  /** The addresses of all leaders; the one that leads is found. */
  readonly leaders: readonly string[];
  /** What this worker can do; none. */
  readonly capabilities?: readonly string[];
  /** How many tasks it takes at once; 1, at most 1,000. */
  readonly slots?: number;
  /**
   * How many tasks it is given beyond its slots, to begin when it has finished others; 0, together with the slots at most
   * 1,000. For many short tasks: they come, and are reported on, many in one message. The price: they wait here though
   * another worker may become free, and one of a higher priority waits behind them.
   */
  readonly prefetch?: number;
  /** Aborted to leave: what is in hand is stopped and handed back. Never. */
  readonly signal?: AbortSignal;
  /** Told when the leader has taken the worker in, and when it is out of reach. */
  readonly onLink?: (link: WorkerLink) => void;
  /** Makes the machine stop, besides the handlers, whose signals abort. What it throws is reported as a failure to. */
  readonly onEmergencyStop?: (stop: Safety) => unknown;
  /** How long a handler has to return once its signal has aborted, before a stop counts as failed; 100 ms. */
  readonly haltWithinMs?: number;
  readonly clock?: Clock;
  readonly wait?: Wait;
  readonly random?: () => number;
}

/** Whether the leader is within reach; if not, the error of the last attempt. */
export type WorkerLink = { readonly online: true } | { readonly online: false; readonly error: InterlockError };

/**
 * Works for whoever leads until `signal` aborts, or until it has been drained: opens a session, does what is assigned,
 * reports, and reconnects with backoff for as long as it takes. When the leader, or the ear for the emergency stop, is
 * silent for too long it stops what it does by itself, since others are given the work. Rejects when coming back cannot
 * help: the worker is not allowed, is revoked, or another of its name has taken over.
 *
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
  const { clock = systemClock, wait = systemWait, onEmergencyStop = () => {}, haltWithinMs = 100 } = options;
  checkWhole("slots", slots, 1);
  checkWhole("prefetch", prefetch, 0);
  const rotation = createRotation(leaders);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const bench = createWorkbench(handle, slots, (event, key) => dispatch.send(event, key));
  const delays = { maximumMs: maximumDelayMs, ...(options.random && { random: options.random }) };
  const [dispatchBackoff, safetyBackoff] = [createBackoff(delays), createBackoff(delays)];
  const dispatch = createDispatchLink({
    ...{ capabilities, slots, prefetch, clock, wait, signal, bench: () => bench },
    onOpen() {
      dispatchBackoff.reset();
      onLink?.({ online: true });
    },
  });
  const safety = createSafetyLink({
    ...{ bench, clock, wait, haltWithinMs, onEmergencyStop },
    signal: either,
    onOpen: safetyBackoff.reset,
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
    while (!either.aborted) {
      const now = clock.now();
      if (now >= dispatch.stopAt) bench.stopAll("LEADER_LOST");
      if (now >= safety.stopAt) bench.stopAll("SAFETY_LOST", true);
      const next = [dispatch.stopAt, safety.stopAt].filter((at) => at > now);
      await wait(Math.min(...next.map((at) => at - now), longestLookMs), either);
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
    // Handlers that take no notice of their signal are not waited for.
    await Promise.race([bench.idle(), wait(longestHaltMs, new AbortController().signal)]);
  }
}

const maximumDelayMs = 1_000;
const longestLookMs = 500;
const longestHaltMs = 1_000;

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least && value <= inHandAtMost) return;
  throw new TypeError(`${name} is a whole number from ${least} to ${inHandAtMost}; it is ${value}.`);
}
