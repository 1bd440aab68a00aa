import { type Client, type Clock, InterlockError } from "@interlock/bot";
import { type Safety, StopOutcome, StopState } from "../gen/interlock/swarm/v1/swarm.js";
import type { SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import type { Wait } from "../wait.js";
import { createLateWait, readArrived, stoodStillMs } from "./late-wait.js";
import type { Workbench } from "./workbench.js";

type SafetyClient = Pick<Client<typeof SafetyService>, "watchSafety" | "acknowledgeStop">;

/** A worker's side of the emergency stop, over all its connections. */
export interface SafetyLink {
  /** Keeps one connection until it ends; gives the error with which it ended. */
  connect(client: SafetyClient): Promise<InterlockError>;
  /** When the worker has to stop if it hears nothing before, in milliseconds of the monotonic time. */
  readonly stopAt: number;
}

export interface SafetyLinkOptions {
  readonly bench: Pick<Workbench, "stopAll" | "hold" | "idle">;
  /** Monotonic. */
  readonly clock: Clock;
  readonly wait: Wait;
  readonly signal: AbortSignal;
  /** How many milliseconds a handler has to return after its signal has aborted. */
  readonly haltWithinMs: number;
  readonly onEmergencyStop: (stop: Safety) => unknown;
  readonly onOpen: () => void;
}

type Answer = { readonly outcome: StopOutcome; readonly detail: string };

const retryMs = 100;
/** The leader keeps 500 characters. A longer detail must not keep the acknowledgment from arriving. */
const detailAtMost = 500;

/** Creates a link without a connection. */
export function createSafetyLink(options: SafetyLinkOptions): SafetyLink {
  const { bench, clock, wait, signal, haltWithinMs, onEmergencyStop, onOpen } = options;
  const lateWait = createLateWait(clock, wait);
  let heardAt = clock.now();
  let stopAfterMs = 1_500;
  let stopId = "";
  let answer: Answer | undefined;
  let client: SafetyClient | undefined;

  /** Stops, and acknowledges the result; once more when a late halt changes it. */
  async function obey(stop: Safety): Promise<void> {
    bench.hold("EMERGENCY_STOP");
    bench.stopAll("EMERGENCY_STOP");
    stopId = stop.stopId;
    answer = undefined;
    const halted = halt(stop);
    const over = new AbortController();
    const late: Answer = { outcome: StopOutcome.STOP_OUTCOME_FAILED, detail: "A task has not come to a halt yet." };
    await acknowledge(stop.stopId, await Promise.race([halted, wait(haltWithinMs, over.signal).then(() => late)]));
    over.abort();
    const last = await halted;
    if (stopId === stop.stopId && answer !== last) await acknowledge(stop.stopId, last);
  }

  async function halt(stop: Safety): Promise<Answer> {
    try {
      await Promise.all([bench.idle(), onEmergencyStop(stop)]);
      return { outcome: StopOutcome.STOP_OUTCOME_ACKNOWLEDGED, detail: "" };
    } catch (error) {
      const detail = InterlockError.from(error).message.slice(0, detailAtMost);
      return { outcome: StopOutcome.STOP_OUTCOME_FAILED, detail };
    }
  }

  async function acknowledge(to: string, what: Answer): Promise<void> {
    if (stopId !== to) return;
    answer = what;
    while (stopId === to && answer === what && client && !signal.aborted) {
      try {
        await client.acknowledgeStop({ stopId: to, ...what }, { timeoutMs: 1_000, signal });
        return;
      } catch {
        await wait(retryMs, signal); // A new connection repeats it.
      }
    }
  }

  /** Applies the state of the emergency stop; `first` is true for the first message of a connection. */
  function apply(safety: Safety, first: boolean): void {
    if (safety.state === StopState.STOP_STATE_LATCHED) {
      if (safety.stopId !== stopId) void obey(safety);
      else if (first && answer) void acknowledge(stopId, answer); // Another leader may not have heard it.
    } else {
      stopId = "";
      bench.hold(undefined);
    }
  }

  return {
    async connect(safety) {
      const connection = new AbortController();
      const leave = () => connection.abort();
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
      let first = true;
      const begun = clock.now();
      void watch();
      /** Ends the connection when it is silent for too long. */
      async function watch(): Promise<void> {
        for (let left = stopAfterMs; left > 0; left = Math.max(heardAt, begun) + stopAfterMs - clock.now()) {
          const late = await lateWait(left, connection.signal);
          const heardBefore = heardAt;
          if (late >= stoodStillMs) await readArrived(() => heardAt > heardBefore);
          if (connection.signal.aborted) return;
        }
        connection.abort();
      }
      try {
        for await (const message of safety.watchSafety({}, { signal: connection.signal })) {
          heardAt = clock.now();
          stopAfterMs = message.stopAfterMs || stopAfterMs;
          if (first) {
            client = safety;
            onOpen();
          }
          if (message.safety) apply(message.safety, first);
          first = false;
        }
        return new InterlockError("UNAVAILABLE", "The leader ended the watch.");
      } catch (error) {
        return InterlockError.from(error);
      } finally {
        signal.removeEventListener("abort", leave);
        connection.abort();
      }
    },
    get stopAt() {
      return heardAt + stopAfterMs;
    },
  };
}
