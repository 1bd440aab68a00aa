import { type Bot, type CallContext, silentLog } from "@interlock/bot";
import {
  AcknowledgeStopRequest,
  DispatchRequest,
  DispatchResponse,
  SubmitTaskRequest,
  type Task,
} from "../gen/interlock/swarm/v1/swarm.js";
import { DispatchService, OperatorService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { dispatchService } from "../leader/dispatch-service.js";
import type { Dispatcher } from "../leader/dispatcher.js";
import { createLeader, type Leader, type LeaderOptions } from "../leader/leader.js";
import { operatorService } from "../leader/operator-service.js";
import { safetyService } from "../leader/safety-service.js";
import { createOutbox } from "../outbox.js";
import { createFakeTime, type FakeTime, settle } from "./fake-time.js";
import { createMemoryStore, type MemoryStore } from "./memory-store.js";

/** A real leader that in-memory clients can reach, under a clock that stands still. */
export interface FakeLeader {
  readonly time: FakeTime;
  readonly store: MemoryStore;
  readonly leader: Leader;
  readonly dispatcher: Dispatcher;
  submit(request?: Partial<SubmitTaskRequest>, submitter?: string): Promise<Task>;
  /** The bot of this name, as far as clients are concerned. */
  bot(name: string): Pick<Bot, "client">;
  /** Breaks the open streams of this bot, and lets none of its calls through, as a lost network does. */
  cut(name: string): void;
  /** Lets its calls through again. */
  mend(name: string): void;
  /** Does the same to the safety streams of this bot alone. */
  deafen(name: string): void;
  /** The bot's name for each session that was asked for. */
  readonly calls: string[];
  /** How many messages workers and leader have exchanged. */
  readonly messages: number;
  close(): Promise<void>;
}

const messageAtMost = 4 * 1024 * 1024;

/** Creates a leader that shares the time and the store of `beside`, as after a restart or on another machine. */
export async function createFakeLeader(
  options: Partial<LeaderOptions> = {},
  beside?: Pick<FakeLeader, "time" | "store">,
): Promise<FakeLeader> {
  const time = beside?.time ?? createFakeTime();
  const store = beside?.store ?? createMemoryStore(time);
  const name = options.name ?? "leader/1";
  const newId = () => `id-${store.nextId()}`;
  const leader = createLeader({
    name,
    store,
    clock: time,
    wait: time.wait,
    newId,
    random: () => 0,
    log: silentLog,
    ...options,
  });
  const cuts = new Map<string, Set<(error: Error) => void>>();
  const unreachable = new Set<string>();
  const deaf = new Set<string>();
  let messages = 0;
  const dispatching = dispatchService(leader);
  const safety = safetyService(leader);

  function context(caller: string, signal = new AbortController().signal): CallContext {
    return { caller: { name: caller }, signal } as CallContext;
  }

  /** A stream that can be cut. */
  async function* stream<T>(
    who: string,
    signal: AbortSignal | undefined,
    open: (over: AbortSignal) => AsyncIterable<T>,
  ) {
    const over = new AbortController();
    const down = createOutbox<T>();
    const cut = (error: Error) => {
      down.end(error);
      over.abort();
    };
    cuts.set(who, (cuts.get(who) ?? new Set()).add(cut));
    signal?.addEventListener("abort", () => cut(new Error("aborted")));
    if (signal?.aborted) cut(new Error("aborted"));
    void (async () => {
      try {
        for await (const message of open(over.signal)) {
          messages++;
          down.send(message);
        }
        down.end();
      } catch (error) {
        down.end(error as Error);
      }
    })();
    try {
      yield* down;
    } finally {
      over.abort();
      cuts.get(who)?.delete(cut);
    }
  }

  function check(who: string): void {
    if (unreachable.has(who)) throw new Error("unreachable");
  }

  const fake: FakeLeader = {
    time,
    store,
    leader,
    get dispatcher() {
      return leader.active();
    },
    calls: [],
    get messages() {
      return messages;
    },
    async submit(request = {}, submitter = "operator/1") {
      return (await leader.active().submit(submitter, SubmitTaskRequest.fromPartial({ kind: "test", ...request })))
        .task;
    },
    bot: (who) => ({
      client(service: unknown) {
        if (service === OperatorService) return operatorService(leader) as never;
        if (service === DispatchService) {
          return {
            async *dispatch(requests: AsyncIterable<DispatchRequest>, { signal }: { signal?: AbortSignal } = {}) {
              fake.calls.push(who);
              check(who);
              const responses = stream(who, signal, (over) => {
                const up = createOutbox<DispatchRequest>();
                over.addEventListener("abort", () => up.end(new Error("cut")));
                void (async () => {
                  try {
                    for await (const request of requests) {
                      messages++;
                      const bytes = DispatchRequest.encode(DispatchRequest.fromPartial(request)).finish();
                      if (bytes.length > messageAtMost) throw new Error("too long");
                      up.send(DispatchRequest.decode(bytes));
                    }
                    up.end();
                  } catch (error) {
                    up.end(error as Error);
                  }
                })();
                return dispatching.dispatch(up, context(who)) as AsyncIterable<DispatchResponse>;
              });
              for await (const response of responses) {
                if (DispatchResponse.encode(response).finish().length > messageAtMost) throw new Error("too long");
                yield response;
              }
            },
          } as never;
        }
        return {
          async *watchSafety(request: { withWorkers: boolean }, { signal }: { signal?: AbortSignal } = {}) {
            check(who);
            if (deaf.has(who)) throw new Error("deaf");
            yield* stream(`${who} safety`, signal, (over) => safety.watchSafety(request, context(who, over)));
          },
          async acknowledgeStop(request: Parameters<typeof safety.acknowledgeStop>[0]) {
            check(who);
            if (
              AcknowledgeStopRequest.encode(AcknowledgeStopRequest.fromPartial(request)).finish().length > messageAtMost
            )
              throw new Error("too long");
            return safety.acknowledgeStop(request, context(who));
          },
        } as never;
      },
    }),
    cut(who) {
      unreachable.add(who);
      for (const key of [who, `${who} safety`]) for (const cut of cuts.get(key) ?? []) cut(new Error("cut"));
    },
    deafen(who) {
      deaf.add(who);
      for (const cut of cuts.get(`${who} safety`) ?? []) cut(new Error("deaf"));
    },
    mend(who) {
      unreachable.delete(who);
      deaf.delete(who);
    },
    async close() {
      await leader.close();
    },
  };
  await settle();
  return fake;
}
