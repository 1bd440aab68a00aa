import { type Client, type Clock, InterlockError } from "@interlock/bot";
import { requestBatching } from "../batching.js";
import type { Assignment, DispatchRequest, DispatchResponse, Standstill } from "../gen/interlock/swarm/v1/swarm.js";
import type { DispatchService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { createOutbox } from "../outbox.js";
import type { Wait } from "../wait.js";
import { createLateWait } from "./late-wait.js";
import type { TaskBounds } from "./task-bounds.js";
import type { Uplink } from "./uplink.js";
import type { Workbench } from "./workbench.js";

type DispatchClient = Pick<Client<typeof DispatchService>, "dispatch">;

/** A worker's side of its session with the leader, over all its connections. */
export interface DispatchLink {
  /** Keeps one connection until it ends; gives the error with which it ended, or nothing when the worker has left. */
  connect(client: DispatchClient): Promise<InterlockError | undefined>;
  /** Tells the leader, with what is sent next, that handlers of these kinds kept the worker from running. */
  stoodStill(ms: number, kinds: readonly string[]): void;
  /** When the latest heartbeat that was answered was sent, in milliseconds of the monotonic time. */
  readonly answeredAt: number;
  /** After how much silence of the leader, from then on, the worker stops, in milliseconds. */
  readonly stopAfterMs: number;
}

export interface DispatchLinkOptions {
  readonly capabilities: readonly string[];
  readonly slots: number;
  readonly prefetch: number;
  readonly uplink: Uplink;
  readonly bench: Workbench;
  /** Takes the bounds that the leader has said. */
  readonly bounds: TaskBounds;
  /** Monotonic. */
  readonly clock: Clock;
  readonly wait: Wait;
  /** Aborts when the worker is to leave. */
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
}

const leaveMs = 1_000;
const kindsTold = 10;
/** So many heartbeats may wait for their answer; an answer to an older one counts for nothing. */
const heartbeatsKept = 20;

/** Creates a link without a connection. */
export function createDispatchLink(options: DispatchLinkOptions): DispatchLink {
  const { capabilities, slots, prefetch, uplink, bench, bounds, clock, wait, signal, onOpen } = options;
  const session = { id: "", heartbeatPeriodMs: 500, stopAfterMs: 1_500, draining: false };
  const lateWait = createLateWait(clock, wait);
  /** What the leader has not confirmed that it knows. */
  let standstill: Standstill | undefined;
  /** When the latest heartbeat that was answered was sent: the leader has heard of this worker since then. */
  let answeredAt = clock.now();

  async function connect(client: DispatchClient): Promise<InterlockError | undefined> {
    const requests = createOutbox<DispatchRequest>({
      batching: () => (leaderAcceptsBatches ? requestBatching : undefined),
    });
    const connection = new AbortController();
    const sent = new Map<number, number>();
    const listed: Assignment[] = []; // The parts of a list that is not complete yet.
    let opened = false;
    /** The standstill that a heartbeat has told of. */
    let told: { readonly sequence: number; readonly standstill: Standstill } | undefined;
    let leaderAcceptsBatches = false;
    let leaving = false;
    const openedBy = clock.now();
    const value = {
      capabilities: [...capabilities],
      slots,
      prefetch,
      acceptsBatches: true,
      sessionId: session.id,
      held: bench.held(),
      draining: session.draining,
      standstill,
    };
    requests.send({ event: { $case: "session", value } });
    uplink.use(requests);

    function leave(): void {
      if (leaving) return;
      leaving = true;
      requests.send({ event: { $case: "endSession", value: { reason: "" } } });
      requests.end();
      // The leader ends its side in turn. If it does not, the worker stops waiting.
      void wait(leaveMs, connection.signal).then(() => connection.abort());
    }

    function take(event: NonNullable<DispatchResponse["event"]>): void {
      switch (event.$case) {
        case "sessionOpened":
          session.id = event.value.sessionId;
          session.heartbeatPeriodMs = event.value.heartbeatPeriodMs;
          session.stopAfterMs = event.value.stopAfterMs;
          leaderAcceptsBatches = event.value.acceptsBatches;
          bounds.resultBytes = event.value.resultBytesAtMost || bounds.resultBytes;
          bounds.checkpointBytes = event.value.checkpointBytesAtMost || bounds.checkpointBytes;
          answeredAt = openedBy;
          if (standstill === value.standstill) standstill = undefined;
          opened = true;
          onOpen();
          void beat();
          break;
        case "heartbeatAnswer":
          session.heartbeatPeriodMs = event.value.nextPeriodMs || session.heartbeatPeriodMs;
          session.draining ||= event.value.drain;
          answeredAt = Math.max(answeredAt, sent.get(event.value.sequence) ?? 0);
          if (told && event.value.sequence >= told.sequence && standstill === told.standstill) standstill = undefined;
          bench.apply(event.value);
          break;
        case "assignments":
          listed.push(...event.value.assignments);
          if (!event.value.more) bench.assign({ type: event.value.type, assignments: listed.splice(0) });
          break;
        case "receipt":
          bench.receipt(event.value);
          break;
        case "batch":
          for (const { event: each } of event.value.responses) if (each) take(each);
      }
      if (session.draining && bench.held().length === 0) leave();
    }

    async function beat(): Promise<void> {
      for (let sequence = 1; !connection.signal.aborted; sequence++) {
        const late = sequence > 1 ? await lateWait(session.heartbeatPeriodMs, connection.signal) : 0;
        // While this process stood still it could read no answer, which says nothing about the connection.
        const silent = clock.now() >= answeredAt + session.stopAfterMs;
        if (silent && late < session.heartbeatPeriodMs) connection.abort();
        sent.set(sequence, clock.now());
        sent.delete(sequence - heartbeatsKept);
        if (standstill) told = { sequence, standstill };
        const value = { sequence, held: bench.held(), standstill };
        // Before the reports that wait: the leader may take a while to read those that are long.
        requests.send({ event: { $case: "heartbeat", value } }, "heartbeat", true);
      }
    }

    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
    // A peer that accepts the connection and stays silent is no leader.
    void wait(session.stopAfterMs, connection.signal).then(() => opened || connection.abort());
    try {
      for await (const { event } of client.dispatch(requests, { signal: connection.signal })) if (event) take(event);
      return leaving ? undefined : new InterlockError("UNAVAILABLE", "The leader ended the session.");
    } catch (error) {
      return leaving ? undefined : InterlockError.from(error);
    } finally {
      signal.removeEventListener("abort", leave);
      connection.abort();
      requests.end();
      uplink.use(undefined);
    }
  }

  return {
    connect,
    stoodStill(ms, kinds) {
      standstill = { ms: Math.round(Math.max(ms, standstill?.ms ?? 0)), kinds: [...kinds].slice(0, kindsTold) };
    },
    get answeredAt() {
      return answeredAt;
    },
    get stopAfterMs() {
      return session.stopAfterMs;
    },
  };
}
