import type { CallContext, Client } from "@interlock/bot";
import { dispatchService } from "../dispatch-service.js";
import { createDispatcher, type Dispatcher, type DispatcherOptions } from "../dispatcher.js";
import { DispatchRequest, SubmitTaskRequest, type Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { DispatchService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { createOutbox } from "../outbox.js";
import { createFakeTime, type FakeTime } from "./fake-time.js";

/** A real dispatcher within reach of in-memory clients, under a clock that stands still. */
export interface FakeLeader {
  readonly time: FakeTime;
  readonly dispatcher: Dispatcher;
  submit(request?: Partial<SubmitTaskRequest>, submitter?: string): Task;
  /** A client as the bot of this name has it. */
  client(name: string): Pick<Client<typeof DispatchService>, "dispatch">;
  /** Breaks the open streams of this bot, as a lost network does, and lets no call of it through. */
  cut(name: string): void;
  /** Lets its calls through again. */
  mend(name: string): void;
  /** The sessions that were asked for, by name of the bot. */
  readonly calls: string[];
}

export function createFakeLeader(options: DispatcherOptions = {}): FakeLeader {
  const time = createFakeTime();
  let ids = 0;
  const dispatcher = createDispatcher({ clock: time, newId: () => `id-${++ids}`, ...options });
  const { dispatch } = dispatchService(dispatcher);
  const cuts = new Map<string, (error: Error) => void>();
  const unreachable = new Set<string>();
  const leader: FakeLeader = {
    time,
    dispatcher,
    calls: [],
    submit(request = {}, submitter = "operator/1") {
      return dispatcher.submit(submitter, SubmitTaskRequest.fromPartial({ kind: "test", ...request })).task;
    },
    client: (name) => ({
      async *dispatch(requests, { signal } = {}) {
        leader.calls.push(name);
        if (unreachable.has(name)) throw new Error("unreachable");
        const wire = createOutbox<DispatchRequest>();
        const down = createOutbox<unknown>();
        const cut = (error: Error) => {
          wire.end(error);
          down.end(error);
        };
        cuts.set(name, cut);
        signal?.addEventListener("abort", () => cut(new Error("aborted")));
        void (async () => {
          for await (const request of requests) wire.send(DispatchRequest.fromPartial(request as DispatchRequest));
          wire.end();
        })();
        void (async () => {
          try {
            for await (const message of dispatch(wire, { caller: { name } } as CallContext)) down.send(message);
            down.end();
          } catch (error) {
            down.end(error as Error);
          }
        })();
        yield* down as AsyncIterable<never>;
      },
    }),
    cut(name) {
      unreachable.add(name);
      cuts.get(name)?.(new Error("cut"));
    },
    mend: (name) => void unreachable.delete(name),
  };
  return leader;
}
