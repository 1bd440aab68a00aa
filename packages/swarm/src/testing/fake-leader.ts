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
  /** Breaks every open stream, as a lost network does. */
  cut(): void;
  /** While true, calls fail. */
  unreachable: boolean;
  /** The sessions that were asked for, by name of the bot. */
  readonly calls: string[];
}

export function createFakeLeader(options: DispatcherOptions = {}): FakeLeader {
  const time = createFakeTime();
  let ids = 0;
  const dispatcher = createDispatcher({ clock: time, newId: () => `id-${++ids}`, ...options });
  const { dispatch } = dispatchService(dispatcher);
  const cuts = new Set<(error: Error) => void>();
  const leader: FakeLeader = {
    time,
    dispatcher,
    unreachable: false,
    calls: [],
    submit(request = {}, submitter = "operator/1") {
      return dispatcher.submit(submitter, SubmitTaskRequest.fromPartial({ kind: "test", ...request })).task;
    },
    client: (name) => ({
      async *dispatch(requests, { signal } = {}) {
        leader.calls.push(name);
        if (leader.unreachable) throw new Error("unreachable");
        const wire = createOutbox<DispatchRequest>();
        const down = createOutbox<unknown>();
        const cut = (error: Error) => {
          wire.end(error);
          down.end(error);
        };
        cuts.add(cut);
        signal?.addEventListener("abort", () => cut(new Error("aborted")));
        void (async () => {
          for await (const request of requests) wire.send(DispatchRequest.fromPartial(request));
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
    cut() {
      for (const cut of cuts) cut(new Error("cut"));
      cuts.clear();
    },
  };
  return leader;
}
