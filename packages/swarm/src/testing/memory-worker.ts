import assert from "node:assert/strict";
import {
  type Assignment,
  DispatchRequest,
  type DispatchResponse,
  type Lease,
  Session,
} from "../gen/interlock/swarm/v1/swarm.js";
import type { Dispatcher } from "../leader/dispatcher.js";

type Event = NonNullable<DispatchRequest["event"]>;
type Told = NonNullable<DispatchResponse["event"]>;

/** A worker that only records the messages that it gets. */
export type MemoryWorker = ReturnType<typeof connectWorker>;

/** Opens a session at a dispatcher. A worker that is not `deaf` listens for the emergency stop. */
export function connectWorker(dispatcher: Dispatcher, name: string, session: Partial<Session> = {}, deaf = false) {
  const told: Told[] = [];
  const end: { error?: Error | undefined; count: number } = { count: 0 };
  const unwatch = deaf ? () => {} : dispatcher.safety.watch(name, false, () => {});
  const connection = dispatcher.connect(name, Session.fromPartial(session), {
    send: ({ event }) => event && told.push(event),
    end(error) {
      end.error = error;
      end.count++;
    },
  });
  const all = <Case extends Told["$case"]>($case: Case) =>
    told.filter((event) => event.$case === $case).map((event) => event.value) as Extract<
      Told,
      { $case: Case }
    >["value"][];
  const assigned = (): Assignment[] => all("assignments").flatMap(({ assignments }) => assignments);
  const latest = (): Lease => {
    const lease = assigned().at(-1)?.lease;
    assert.ok(lease, "nothing was assigned");
    return lease;
  };
  const say = (event: Event) => connection.receive(DispatchRequest.fromPartial({ event }));
  return {
    name,
    end,
    all,
    assigned,
    say,
    unwatch,
    sessionId: () => all("sessionOpened")[0]?.sessionId ?? "",
    /** The lease of its latest assignment. */
    lease: latest,
    beat: (held: readonly Lease[] = [], sequence = 1) =>
      say({ $case: "heartbeat", value: { sequence, held: [...held], standstill: undefined } }),
    accept: (lease = latest()) => say({ $case: "acceptTask", value: { lease } }),
    complete: (lease = latest()) => say({ $case: "completeTask", value: { lease, result: Buffer.from("done") } }),
    detach: connection.detach,
  };
}
