import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Bot, type CallContext, type CallOptions, type Client, InterlockError, Metadata } from "@interlock/bot";
import { deferred, EchoService } from "@interlock/bot/testing";
import { type Echo, type GatewayStage, gatewayStage } from "./gateway-stage.js";

type EchoClient = Client<typeof EchoService>;

/** What a bot has seen of a call. */
interface SeenCall {
  readonly caller: string;
  readonly metadata: Record<string, unknown>;
  readonly hasDeadline: boolean;
  /** Whether that is not the one of every call with one answer. */
  readonly hasTimeout: boolean;
  messages: number;
  /** Of the messages, in their order. */
  digest: string;
  /** Why the call was ended before its handler had finished. */
  ended: string | boolean | undefined;
}

/** One call: it gives what its caller has seen. */
type Case = (client: EchoClient, options: CallOptions, server: { handled: Promise<SeenCall> }) => Promise<unknown>;

const many = 10_000;
const fourMebibytes = "x".repeat(4 * 1_024 * 1_024 - 8);

function* numbered(count: number) {
  for (let i = 0; i < count; i++) yield { reason: `message ${i}` };
}

async function collected(answers: AsyncIterable<{ readonly reason: string }>) {
  const hash = createHash("sha256");
  let count = 0;
  for await (const { reason } of answers) {
    count++;
    hash.update(`${reason}\n`);
  }
  return { count, sha256: hash.digest("hex") };
}

/** All that a caller is told of a failure, but for ids of calls, which are random. */
async function failureOf(work: Promise<unknown>) {
  const error = await work.then(
    () => assert.fail("the call did not fail"),
    (thrown: unknown) => thrown as InterlockError,
  );
  const { name, code, message, reason, domain, metadata, details, remote, callId } = error;
  // Either end may be the first to notice that the deadline has passed, and each says it in its own words.
  if (code === "DEADLINE_EXCEEDED") return { name, code };
  return { name, code, text: message, reason, domain, metadata, details, remote, hasCallId: callId !== undefined };
}

const cases: Readonly<Record<string, Case>> = {
  unary: (client, options) => client.echo({ reason: "hello", metadata: { a: "1" } }, options),
  "server streaming, 10,000 messages": (client, options) => collected(client.count({ reason: String(many) }, options)),
  "client streaming, 10,000 messages": (client, options) => client.join(numbered(many), options),
  "bidirectional, 10,000 messages": (client, options) => collected(client.chat(numbered(many), options)),
  "no messages at all": (client, options) => collected(client.chat([], options)),
  "4 MiB": async (client, options) => {
    const { reason } = await client.echo({ reason: fourMebibytes }, options);
    return [reason.length, createHash("sha256").update(reason).digest("hex")];
  },
  "4 MiB in a stream": (client, options) =>
    collected(client.chat([{ reason: fourMebibytes }, { reason: "" }, { reason: fourMebibytes }], options)),
  "a request that is too large": (client, options) =>
    failureOf(client.echo({ reason: `${fourMebibytes}123456789` }, options)),
  "an answer that is too large": (client, options) => failureOf(client.echo({ reason: "grow" }, options)),
  "an error with reason, facts and details": (client, options) => failureOf(client.echo({ reason: "refuse" }, options)),
  "an error of the program": (client, options) => failureOf(client.echo({ reason: "throw" }, options)),
  "an error after messages": async (client, options) => {
    const seen: string[] = [];
    const read = async () => {
      for await (const { reason } of client.chat([{ reason: "1" }, { reason: "2" }, { reason: "refuse" }], options))
        seen.push(reason);
    };
    return [await failureOf(read()), seen];
  },
  "an answer before the request has ended": async (client, options) => {
    const stop = deferred<void>();
    async function* requests() {
      yield { reason: "enough" };
      await stop.promise;
    }
    const seen = await collected(client.chat(requests(), options));
    stop.resolve();
    return seen;
  },
  "a cancellation in the middle": async (client, options) => {
    const controller = new AbortController();
    const seen: string[] = [];
    const read = async () => {
      for await (const { reason } of client.count({ reason: "" }, { ...options, signal: controller.signal })) {
        seen.push(reason);
        controller.abort();
      }
    };
    return [await failureOf(read()), seen];
  },
  "a cancellation of a call with one answer": async (client, options, { handled }) => {
    const controller = new AbortController();
    const failure = failureOf(client.echo({ reason: "wait" }, { ...options, signal: controller.signal }));
    await handled;
    controller.abort();
    return failure;
  },
  "a deadline that expires": (client, options) =>
    failureOf(client.echo({ reason: "wait" }, { ...options, timeoutMs: 200 })),
  "a deadline that expires in a stream": async (client, options) => {
    const seen: string[] = [];
    const read = async () => {
      for await (const { reason } of client.count({ reason: "" }, { ...options, timeoutMs: 200 })) seen.push(reason);
    };
    return [await failureOf(read()), seen];
  },
};

/** The cases to which compression makes a difference. */
const packed: ReadonlySet<string> = new Set(["unary", "4 MiB", "4 MiB in a stream", "an error after messages"]);

for (const compression of [undefined, "gzip"] as const) {
  describe(`a call of our client through a gateway${compression ? ", compressed" : ""}`, () => {
    let stage: GatewayStage;
    let echo: Echo;
    let caller: Bot;
    let clients: { readonly direct: EchoClient; readonly through: EchoClient };
    let seenCalls: SeenCall[];
    let begun = deferred<SeenCall>();
    let over = deferred<void>();

    /** Takes note of a call, and answers it as its messages say. */
    function watch({ caller: { name }, metadata, deadline, signal, responseHeaders, responseTrailers }: CallContext) {
      const seen: SeenCall = {
        caller: name,
        metadata: ownMetadata(metadata),
        hasDeadline: deadline !== undefined,
        hasTimeout: deadline !== undefined && deadline.getTime() - Date.now() < 10_000,
        messages: 0,
        digest: "",
        ended: undefined,
      };
      seenCalls.push(seen);
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          const { code, message } = signal.reason as InterlockError;
          // Which of the two it is when the deadline passes: whether the caller's word or the bot's own clock came first.
          seen.ended = seen.hasTimeout ? /^(?:CANCELLED|DEADLINE_EXCEEDED)$/.test(code) : `${code}: ${message}`;
          resolve();
          over.resolve();
        });
      });
      for (const value of ["one", "two", "one"]) responseHeaders.add("x-head", value);
      responseHeaders.add("x-head-bin", Buffer.from([0, 255, 10]));
      for (const value of ["one", "two", "one"]) responseTrailers.add("x-trail", value);
      responseTrailers.add("x-trail-bin", Buffer.from([0, 255, 10]));
      const hash = createHash("sha256");
      return {
        seen,
        aborted,
        take(message: { readonly reason: string }) {
          seen.messages++;
          hash.update(`${message.reason}\n`);
          seen.digest = hash.copy().digest("hex");
          begun.resolve(seen);
          if (message.reason === "throw") throw new Error("a fault");
          if (message.reason !== "refuse") return;
          throw new InterlockError("FAILED_PRECONDITION", "not now ☺", {
            reason: "JAMMED",
            domain: "cafe.example",
            metadata: { millimeters: "3" },
            details: [
              InterlockError.detail("cafe.Jam", EchoService.methods.echo.request, { reason: "y".repeat(2_000) }),
            ],
          });
        },
      };
    }

    before(async () => {
      stage = await gatewayStage();
      echo = await stage.serve("echo/1", {
        async echo(request, context) {
          const { take, aborted } = watch(context);
          take(request);
          if (request.reason === "wait") await aborted;
          return request.reason === "grow" ? { reason: `${fourMebibytes}123456789` } : request;
        },
        async *count(request, context) {
          const { take, aborted } = watch(context);
          take(request);
          yield* numbered(Number(request.reason || 1));
          if (request.reason === "") await aborted;
        },
        async join(requests, context) {
          const { take, seen } = watch(context);
          for await (const request of requests) take(request);
          return { reason: seen.digest };
        },
        async *chat(requests, context) {
          const { take } = watch(context);
          for await (const request of requests) {
            take(request);
            yield request;
            if (request.reason === "enough") return;
          }
        },
      });
      const gateway = await stage.gateway("gateway/1", { addresses: [echo.address] });
      caller = await stage.joinAs("caller/1");
      const options = compression && { compression };
      clients = {
        direct: caller.client(EchoService, echo.address, { server: "echo/*", ...options }),
        through: caller.client(EchoService, gateway.address, { server: "gateway/*", ...options }),
      };
    });
    after(() => stage.end());

    async function made(client: EchoClient, name: string) {
      seenCalls = [];
      begun = deferred();
      over = deferred();
      const metadata = new Metadata();
      for (const value of ["one", "two", "one"]) metadata.add("x-call", value);
      for (let i = 0; i < 90; i++) metadata.add(`x-call-${i}`, `value ${i}`);
      metadata.add("x-call-bin", Buffer.from([0, 255, 10]));
      const told: Record<string, unknown> = {};
      const options: CallOptions = {
        metadata,
        onHeaders(headers) {
          told.headers = ownMetadata(headers);
        },
        onTrailers(trailers) {
          told.trailers = ownMetadata(trailers);
        },
      };
      const result = await (cases[name] as Case)(client, options, { handled: begun.promise });
      if (/cancel|deadline/.test(name)) await over.promise;
      return { result, told, seenCalls };
    }

    for (const name of Object.keys(cases)) {
      if (compression && !packed.has(name)) continue;
      it(name, async () => {
        const expected = await made(clients.direct, name);
        const actual = await made(clients.through, name);
        assert.deepEqual(actual, expected);
        assert.ok(expected.seenCalls.length === 1 || name === "a request that is too large");
      });
    }
  });
}

/** Metadata but for what names the connection, or the call. */
function ownMetadata(metadata: Metadata): Record<string, unknown> {
  const entries = Object.entries(metadata.toJSON());
  return Object.fromEntries(entries.filter(([name]) => !/^(interlock-|grpc-status-details-bin|date$)/.test(name)));
}
