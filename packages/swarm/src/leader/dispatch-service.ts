import { setImmediate as turn } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import { responseBatching } from "../batching.js";
import type { DispatchRequest, DispatchResponse, Session } from "../gen/interlock/swarm/v1/swarm.js";
import type { DispatchService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { inHandAtMost } from "../lease.js";
import { createOutbox } from "../outbox.js";
import { swarmError } from "../swarm-error.js";
import type { Leader } from "./leader.js";
import type { Connection } from "./sessions.js";

type Handlers = Implementation<typeof DispatchService>;

// A receipt for each task in hand, and as many new assignments, may wait at a time.
const maximumWaiting = 4 * inHandAtMost;

/** Creates the service for a leader's workers. The name of a worker comes from its certificate. */
export function dispatchService(leader: Pick<Leader, "active">): Handlers {
  return {
    dispatch(requests, { caller }) {
      let session: Session | undefined;
      let connection: Connection | undefined;
      const over = new AbortController();
      const outbox = createOutbox<DispatchResponse>({
        limit: maximumWaiting,
        overflow: () => swarmError("SESSION_SLOW"),
        batching: () => (session?.acceptsBatches ? responseBatching : undefined),
        onEnd() {
          over.abort();
          connection?.detach();
        },
      });

      async function receiveAll(): Promise<void> {
        const incoming = requests[Symbol.asyncIterator]();
        const first = await incoming.next();
        if (over.signal.aborted) return;
        if (first.done || first.value.event?.$case !== "session") throw swarmError("SESSION_EXPECTED");
        session = first.value.event.value;
        const dispatcher = leader.active();
        connection = dispatcher.connect(caller.name, session, outbox);
        let work = 0;
        for await (const request of { [Symbol.asyncIterator]: () => incoming }) {
          const later = dispatcher.pace.turn(caller.name, request, over.signal);
          if (later) await later;
          if (over.signal.aborted) return; // A worker repeats what it has no receipt for.
          connection.receive(request);
          work += workOf(request);
          // Messages that have arrived already come without a pause: everything else gets its turn in between.
          if (work < workAtOnce) continue;
          work = 0;
          await turn();
        }
      }

      receiveAll().then(
        () => outbox.end(),
        (error) => outbox.end(error instanceof Error ? error : new Error(String(error))),
      );
      return outbox; // As it is: a generator around it would cost each message several promises.
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
