import { setImmediate as turn } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import { responseBatching } from "../batching.js";
import type { DispatchRequest, DispatchResponse } from "../gen/interlock/swarm/v1/swarm.js";
import type { DispatchService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { inHandAtMost } from "../lease.js";
import { createOutbox, type Outbox } from "../outbox.js";
import { swarmError } from "../swarm-error.js";
import type { Leader } from "./leader.js";
import type { Connection } from "./sessions.js";

type Handlers = Implementation<typeof DispatchService>;
type Requests = Parameters<Handlers["dispatch"]>[0];

// A receipt for each task in hand, and as many new assignments, may wait at a time.
const maximumWaiting = 4 * inHandAtMost;

/** Creates the service for a leader's workers. The name of a worker comes from its certificate. */
export function dispatchService(leader: Pick<Leader, "active">): Handlers {
  return {
    async *dispatch(requests, { caller, signal }) {
      const incoming = requests[Symbol.asyncIterator]();
      const first = await incoming.next();
      if (first.done || first.value.event?.$case !== "session") throw swarmError("SESSION_EXPECTED");
      const session = first.value.event.value;
      const outbox = createOutbox<DispatchResponse>({
        limit: maximumWaiting,
        overflow: () => swarmError("SESSION_SLOW"),
        batching: () => (session.acceptsBatches ? responseBatching : undefined),
      });
      const dispatcher = leader.active();
      const connection = dispatcher.connect(caller.name, session, outbox);
      const turnOf = (request: DispatchRequest) => dispatcher.pace.turn(caller.name, request, signal);
      try {
        void receiveAll({ [Symbol.asyncIterator]: () => incoming }, turnOf, connection, outbox);
        yield* outbox;
      } finally {
        connection.detach();
      }
    },
  };
}

/** How many reports and leases of one worker are handled before others get their turn: a few milliseconds' work. */
const workAtOnce = 1_000;

/** How many reports and leases a message has. */
function workOf({ event }: DispatchRequest): number {
  if (event?.$case === "heartbeat") return 1 + event.value.held.length;
  if (event?.$case !== "batch") return 1;
  return event.value.requests.reduce((sum, { event: each }) => {
    return sum + (each?.$case === "heartbeat" ? 1 + each.value.held.length : 1);
  }, 0);
}

async function receiveAll(
  requests: Requests,
  turnOf: (request: DispatchRequest) => Promise<void> | undefined,
  connection: Connection,
  outbox: Outbox<DispatchResponse>,
): Promise<void> {
  try {
    let work = 0;
    for await (const request of requests) {
      const later = turnOf(request);
      if (later) await later;
      connection.receive(request);
      work += workOf(request);
      // Messages that have arrived already come without a pause: everything else gets its turn in between.
      if (work < workAtOnce) continue;
      work = 0;
      await turn();
    }
    outbox.end();
  } catch (error) {
    outbox.end(error instanceof Error ? error : new Error(String(error)));
  }
}
