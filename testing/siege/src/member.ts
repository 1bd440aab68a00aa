import { type Bot, InterlockError, type ServiceDefinition } from "@interlock/bot";
import {
  type DispatchRequest,
  type DispatchResponse,
  DispatchService,
  SafetyService,
  type Session,
} from "@interlock/swarm";

/** What members of a swarm may do that an attacker has taken over: one that submits, and one that works. */
export const memberGrants = `
  "operator/evil":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
  "worker/evil":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
`;

/** The bots of {@link memberGrants}. */
export const members = ["operator/evil", "worker/evil"] as const;

// The codes of gRPC, each at its number.
const codes = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
  ...["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];

/** The answer to a call, in the words of `AttackOutcome`. */
export async function answerOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "0";
  } catch (error) {
    const { code, reason } = InterlockError.from(error);
    return reason === "SERVER_UNREACHABLE" ? "close" : String(codes.indexOf(code));
  }
}

/** Reads a stream to its end. */
export async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** The same service, for requests of the attacker's own bytes: what no codec of ours would write. */
export function inBytes<Definition extends ServiceDefinition>(definition: Definition) {
  const codec = {
    encode: (bytes: Uint8Array) => ({ finish: () => bytes }),
    decode: (bytes: Uint8Array) => bytes,
    fromPartial: (bytes: Uint8Array) => bytes,
  };
  const methods = Object.fromEntries(
    Object.entries(definition.methods).map(([name, method]) => [name, { ...method, request: codec }]),
  );
  return { ...definition, methods };
}

/** Calls methods of a service with bytes. */
export function bytesClient(bot: Bot, definition: ServiceDefinition, address: string) {
  const client = bot.client(inBytes(definition) as ServiceDefinition, address);
  return client as unknown as Readonly<Record<string, (request: unknown, options?: object) => unknown>>;
}

/** Counts answers. */
export function createTally() {
  const answers: Record<string, number> = {};
  let sent = 0;
  return {
    answers,
    get sent() {
      return sent;
    },
    async count(call: Promise<unknown>): Promise<string> {
      sent++;
      const answer = await answerOf(call);
      answers[answer] = (answers[answer] ?? 0) + 1;
      return answer;
    },
  };
}

/** What a worker of the attacker does on one stream. */
export interface WorkerScript {
  readonly session: Partial<Session>;
  readonly signal: AbortSignal;
  /** Takes what the leader sends; `say` sends something in turn. */
  hear(event: NonNullable<DispatchResponse["event"]>, say: (event: DispatchRequest["event"]) => void): void;
}

/** Opens a session, and listens for the emergency stop as a worker has to. Resolves or rejects as the stream ends. */
export async function playWorker(bot: Bot, address: string, { session, signal, hear }: WorkerScript): Promise<void> {
  const waiting: Partial<DispatchRequest>[] = [{ event: { $case: "session", value: session as Session } }];
  let wake = () => {};
  let over = false;
  const end = () => {
    over = true;
    wake();
  };
  signal.addEventListener("abort", end);
  async function* requests() {
    while (!over) {
      yield* waiting.splice(0);
      if (waiting.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const watching = bot.client(SafetyService, address).watchSafety({}, { signal });
  drain(watching).catch(() => {});
  try {
    for await (const { event } of bot.client(DispatchService, address).dispatch(requests(), { signal })) {
      if (!event) continue;
      hear(event, (said) => {
        waiting.push({ event: said });
        wake();
      });
    }
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}
