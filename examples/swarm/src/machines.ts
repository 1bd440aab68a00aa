import { InterlockError } from "@interlock/bot";
import { createFence } from "@interlock/swarm";
import type { Cell, Machine } from "./gen/warehouse/v1/warehouse.js";
import { sameCell, type World } from "./world.js";

/** A permanent effect of a machine. */
export interface Effect {
  readonly taskId: string;
  readonly leaseToken: bigint;
  readonly robot: string;
  readonly machine: string;
}

/** The attempt at a task that uses a machine. */
export interface Attempt {
  readonly robot: string;
  readonly taskId: string;
  readonly leaseToken: bigint;
}

/** The gripper arms and the coffee maker. */
export interface Machines {
  /** The arm of a station takes an item. Returns whether that was done before; then nothing moves. */
  place(station: Cell, attempt: Attempt, signal: AbortSignal): Promise<boolean>;
  /** Makes coffee, in the same way. Stops when no supervisor is left. */
  brew(attempt: Attempt, signal: AbortSignal): Promise<boolean>;
  /** A supervisor starts to watch. Call the returned function when the supervisor leaves. */
  supervise(): () => void;
  all(): Machine[];
}

export interface MachinesOptions {
  readonly world: World;
  readonly gripMs: number;
  readonly brewMs: number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly onEffect: (effect: Effect) => void;
}

const idle = { state: "idle", user: "" };

/** Creates machines that do each task once, and nothing for an outdated attempt. */
export function createMachines({ world, gripMs, brewMs, wait, onEffect }: MachinesOptions): Machines {
  const fence = createFence();
  const done = new Set<string>();
  const machines = new Map<string, Machine>(
    [...world.stations.map((_, i) => `arm ${i + 1}`), "coffee"].map((name) => [name, { name, ...idle }]),
  );
  const queues = new Map<string, Promise<unknown>>();
  let watching = 0;
  let unwatched = new AbortController();

  /** Serves one robot at a time. It checks the fence when the machine starts, and again before the effect. */
  function work(name: string, state: string, ms: number, attempt: Attempt, signal: AbortSignal): Promise<boolean> {
    const run = async () => {
      signal.throwIfAborted();
      if (!admit(attempt)) return true;
      machines.set(name, { name, state, user: attempt.robot });
      try {
        await wait(ms, signal);
        if (!admit(attempt)) return true;
        done.add(attempt.taskId);
        onEffect({ ...attempt, machine: name });
        return false;
      } finally {
        machines.set(name, { name, ...idle });
      }
    };
    const turn = (queues.get(name) ?? Promise.resolve()).then(run);
    queues.set(
      name,
      turn.catch(() => {}),
    );
    return turn;
  }

  function admit({ taskId, leaseToken }: Attempt): boolean {
    if (!fence.admits(taskId, leaseToken)) throw refusal("LEASE_STALE", "Another attempt has taken over.");
    return !done.has(taskId);
  }

  return {
    async place(station, attempt, signal) {
      const i = world.stations.findIndex((each) => sameCell(each, station));
      if (i < 0) throw new InterlockError("INVALID_ARGUMENT", "There is no station.");
      return work(`arm ${i + 1}`, "gripping", gripMs, attempt, signal);
    },
    async brew(attempt, signal) {
      if (watching === 0) throw refusal("SUPERVISOR_ABSENT", "No supervisor watches the coffee maker.");
      const { signal: alone } = unwatched;
      try {
        return await work("coffee", "brewing", brewMs, attempt, AbortSignal.any([signal, alone]));
      } catch (error) {
        if (alone.aborted) throw refusal("SUPERVISOR_ABSENT", "The supervisor has turned away.");
        throw error;
      }
    },
    supervise() {
      if (watching++ === 0) unwatched = new AbortController();
      let here = true;
      return () => {
        if (here && --watching === 0) unwatched.abort();
        here = false;
      };
    },
    all: () => [...machines.values()],
  };
}

function refusal(reason: "LEASE_STALE" | "SUPERVISOR_ABSENT", message: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", message, { reason, domain: "warehouse.example" });
}
