import { type Client, type Clock, createBackoff, InterlockError, systemClock } from "@interlock/bot";
import type { DispatchRequest, DispatchResponse } from "./gen/interlock/swarm/v1/swarm.js";
import type { DispatchService } from "./gen/interlock/swarm/v1/swarm_interlock.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { systemWait, type Wait } from "./wait.js";
import { createWorkbench, type TaskHandler, type Workbench } from "./workbench.js";

export interface WorkerOptions {
  /** `bot.client(DispatchService, address)`. */
  readonly client: Pick<Client<typeof DispatchService>, "dispatch">;
  /** What this worker can do; none. */
  readonly capabilities?: readonly string[];
  /** How many tasks it takes at once; 1. */
  readonly slots?: number;
  readonly handle: TaskHandler;
  /** Aborted to leave: what is in hand is stopped and handed back. */
  readonly signal: AbortSignal;
  /** Told when the leader has taken the worker in, and when it is out of reach. */
  readonly onState?: (state: WorkerState) => void;
  readonly clock?: Clock;
  readonly wait?: Wait;
  readonly random?: () => number;
}

/** Whether the leader is within reach; if not, the error of the last attempt. */
export type WorkerState = { readonly online: true } | { readonly online: false; readonly error: InterlockError };

/** What a worker knows of its session. */
interface SessionState {
  id: string;
  heartbeatPeriodMs: number;
  lostAfterMs: number;
  /** When the leader was last heard, in milliseconds since the epoch. */
  lastHeard: number;
}

/**
 * Works for a leader until `signal` aborts: opens a session, does what is assigned, reports, and reconnects with backoff
 * for as long as it takes. When the leader is silent for too long it stops what it does, since others are given the work.
 * Rejects when coming back cannot help: the worker is not allowed, is revoked, or another of its name has taken over.
 *
 * ```ts
 * await runWorker({
 *   client: bot.client(DispatchService, "127.0.0.1:7450"),
 *   capabilities: ["carry"],
 *   signal: stopping.signal,
 *   handle: async (task, { progress }) => { progress(0.5, "half way"); return undefined; },
 * });
 * ```
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { handle, signal, onState, clock = systemClock, wait = systemWait } = options;
  const session: SessionState = { id: "", heartbeatPeriodMs: 500, lostAfterMs: 2_000, lastHeard: clock.now() };
  const backoff = createBackoff(options.random && { random: options.random });
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  let outbox: Outbox<DispatchRequest> | undefined;
  const bench = createWorkbench(handle, (event, key) => outbox?.send({ event }, key));
  void stopWhenSilent();
  try {
    while (!signal.aborted) {
      outbox = createOutbox();
      const error = await connectOnce(outbox);
      outbox = undefined;
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
      onState?.({ online: false, error });
      await wait(backoff.next(), signal);
    }
  } finally {
    over.abort();
    bench.stopAll("WORKER_LEFT");
  }

  async function connectOnce(requests: Outbox<DispatchRequest>): Promise<InterlockError> {
    const connection = new AbortController();
    const leave = () => {
      bench.stopAll("WORKER_LEFT");
      requests.send({ event: { $case: "endSession", value: { reason: "" } } });
      requests.end();
      // The leader ends its side in turn; if it does not, do not wait for it.
      void wait(1_000, connection.signal).then(() => connection.abort());
    };
    const { capabilities = [], slots = 1 } = options;
    requests.send({
      event: { $case: "session", value: { capabilities: [...capabilities], slots, sessionId: session.id } },
    });
    signal.addEventListener("abort", leave);
    try {
      for await (const { event } of options.client.dispatch(requests, { signal: connection.signal })) {
        session.lastHeard = clock.now();
        if (event?.$case === "sessionOpened") {
          Object.assign(session, {
            id: event.value.sessionId,
            heartbeatPeriodMs: event.value.heartbeatPeriodMs,
            lostAfterMs: event.value.lostAfterMs,
          });
          backoff.reset();
          onState?.({ online: true });
          void beat(requests, connection);
        } else if (event) take(event, bench, session);
      }
      return new InterlockError("UNAVAILABLE", "The leader ended the session.");
    } catch (error) {
      return InterlockError.from(error);
    } finally {
      signal.removeEventListener("abort", leave);
      connection.abort();
      requests.end();
    }
  }

  async function beat(requests: Outbox<DispatchRequest>, connection: AbortController): Promise<void> {
    while (!connection.signal.aborted) {
      await wait(session.heartbeatPeriodMs, connection.signal);
      if (clock.now() - session.lastHeard >= session.lostAfterMs) connection.abort();
      requests.send({ event: { $case: "heartbeat", value: {} } }, "heartbeat");
    }
  }

  async function stopWhenSilent(): Promise<void> {
    while (!either.aborted) {
      await wait(session.heartbeatPeriodMs, either);
      if (clock.now() - session.lastHeard >= session.lostAfterMs) bench.stopAll("LEADER_LOST");
    }
  }
}

function take(event: NonNullable<DispatchResponse["event"]>, bench: Workbench, session: SessionState): void {
  switch (event.$case) {
    case "heartbeatAnswer":
      session.heartbeatPeriodMs = event.value.nextPeriodMs || session.heartbeatPeriodMs;
      break;
    case "assignments":
      bench.assign(event.value);
      break;
    case "cancellation":
      bench.cancel(event.value.lease, event.value.reason);
      break;
    case "receipt":
      bench.receipt(event.value);
      break;
  }
}

const finalReasons = new Set(["SESSION_REPLACED", "IDENTITY_REVOKED", "CERTIFICATE_REVOKED"]);
const finalCodes = new Set(["PERMISSION_DENIED", "UNIMPLEMENTED", "INVALID_ARGUMENT"]);

/** Whether coming back cannot help. */
function isFinal({ code, reason }: InterlockError): boolean {
  return finalCodes.has(code) || finalReasons.has(reason ?? "");
}
