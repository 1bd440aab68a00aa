import type { Readable } from "node:stream";
import { type ClientReadableStream, status } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import { Messages } from "../base/messages.js";
import type { Reason } from "../base/reason.js";
import { asWritten, serializer } from "../base/serializer.js";
import { UnwritableMessage } from "../base/unwritable.js";
import { createBeginTrace } from "../tracing/begin-trace.js";
import type { ClientTrace } from "../tracing/client-trace.js";
import type { CallCredentials, PendingToken } from "./call-credentials.js";
import { boundsOf, type CallBounds, type CallOptions, cancellationOf, defaultTimeoutMs } from "./call-options.js";
import type { Answered, Cancelable } from "./call-under-way.js";
import type { CallDefaults } from "./client-options.js";
import type { Connector } from "./connector.js";
import { type MadeCall, metadataFor, pendingFor, waitsForReady } from "./prepare-call.js";
import { attemptsOf, beginRetries, callAgain, readAgain } from "./retry.js";
import { type Requests, sendRequests } from "./send-requests.js";
import { tokenNeedOf } from "./token-need.js";
import { watchAnswer } from "./watch-answer.js";

/** The client function of a method with one answer: unary and client streaming. */
export function callForOne(connector: Connector, method: AnyMethod, defaults: CallDefaults = {}) {
  const { serialize, deserialize } = codecsOf(method);
  const need = tokenNeedOf(method);
  const streaming = method.kind === "clientStreaming";
  const attempts = attemptsOf(method, defaults);
  const durations = connector.durations.of(method.path);
  const deprecation = connector.deprecations.of(method.path);
  const beginTrace = createBeginTrace(method);

  return function call(request: unknown, options: CallOptions = {}): Promise<unknown> {
    // A stream of requests is gone once it has been sent, so it cannot be sent again with the whole token.
    let bounds: CallBounds;
    try {
      bounds = boundsOf(options, defaults.timeoutMs ?? defaultTimeoutMs);
      if (!streaming) request = serialize(request);
    } catch (error) {
      return Promise.reject(error);
    }
    const startedAt = performance.now();
    const trace = beginTrace(startedAt);
    return settled(() => make(request, options, bounds, trace)).then(
      (answer) => {
        trace?.answered();
        durations.record("answered", status.OK, performance.now() - startedAt);
        return answer;
      },
      (error: unknown) => {
        trace?.failed(error);
        durations.record("failed", status[InterlockError.from(error).code], performance.now() - startedAt);
        throw located(error);
      },
    );
  };

  function make(
    request: unknown,
    options: CallOptions,
    bounds: CallBounds,
    trace: ClientTrace | undefined,
  ): Promise<unknown> {
    const waits = waitsForReady(options, defaults);
    if (attempts === 1) return attempt(request, { options, bounds, waits, previous: 0, trace }, !streaming);
    const retries = beginRetries(attempts, connector.retries, bounds);
    return callAgain(retries, options, (kept) =>
      settled(() => attempt(request, { options: kept, bounds, waits, previous: retries.previous, trace }, !streaming)),
    );
  }

  function attempt(request: unknown, made: MadeCall, mayRefer: boolean, token?: PendingToken): Promise<unknown> {
    const credentials = connector.credentials(need, token, mayRefer);
    if (!(credentials instanceof Promise)) return start(credentials, request, made);
    return pendingFor(connector, need, credentials, made).then((fetched) => attempt(request, made, mayRefer, fetched));
  }

  function start(credentials: CallCredentials, request: unknown, made: MadeCall): Promise<unknown> {
    const { options, bounds } = made;
    const { channel } = credentials;
    const metadata = metadataFor(credentials, made);
    const callOptions = { deadline: bounds.deadline };
    return new Promise((resolve, reject) => {
      let sourceFailure: unknown;
      let release: (() => void) | undefined;
      const finish = (error: unknown, response?: unknown) => {
        stopListening?.();
        release?.();
        channel.end(place, true);
        if (error && credentials.refers && isNotShown(error)) {
          // The server refused the call before a handler ran: repeat it with the whole token.
          channel.forget();
          resolve(settled(() => attempt(request, made, false)));
          return;
        }
        watch?.tellTrailers();
        if (watch?.failure) reject(watch.failure.thrown);
        else if (error) reject(sourceFailure ?? cancellationOf(bounds) ?? connector.explain(channel, error));
        else resolve(response);
      };
      // grpc-js reports the status, and with it the trailers, after the answer.
      const onDone = options.onTrailers
        ? (...answer: [unknown, unknown?]) => void call.once("status", () => finish(...answer))
        : finish;
      const { client } = channel;
      const call = withoutStacks(() =>
        streaming
          ? client.makeClientStreamRequest(method.path, asWritten, deserialize, metadata, callOptions, onDone)
          : client.makeUnaryRequest(method.path, asWritten, deserialize, request, metadata, callOptions, onDone),
      );
      const place = channel.begin(call, true);
      const watch = watchAnswer(call, options);
      deprecation.watch(call);
      if (!credentials.refers) watchHeaders(credentials, call, streaming);
      const stopListening = cancelOnAbort(call, bounds);
      if (streaming) {
        release = connector.keep(credentials, need);
        sendRequests(request as Requests, serialize, call as never, (error) => {
          sourceFailure = error;
        });
      }
    });
  }
}

/** The client function of a method with a stream of answers: server streaming and bidirectional. */
export function callForMany(connector: Connector, method: AnyMethod, defaults: CallDefaults = {}) {
  const { serialize, deserialize } = codecsOf(method);
  const need = tokenNeedOf(method);
  const durations = connector.durations.of(method.path);
  const deprecation = connector.deprecations.of(method.path);
  const bidi = method.kind === "bidiStreaming";
  const attempts = attemptsOf(method, defaults);
  const beginTrace = createBeginTrace(method);

  return function call(request: unknown, options: CallOptions = {}): AsyncGenerator<unknown, void, undefined> {
    // The call that is being served now counts, not the one that is served when the answers are read.
    try {
      if (!bidi) request = serialize(request);
      const bounds = boundsOf(options, Number.POSITIVE_INFINITY);
      const trace = beginTrace(performance.now());
      const answers = make(request, options, bounds, trace);
      return trace?.isRecorded ? followed(answers, trace) : answers;
    } catch (error) {
      return failing(error);
    }
  };

  function make(request: unknown, options: CallOptions, bounds: CallBounds, trace: ClientTrace | undefined) {
    const waits = waitsForReady(options, defaults);
    if (attempts === 1) return read(request, { options, bounds, waits, previous: 0, trace });
    const retries = beginRetries(attempts, connector.retries, bounds);
    return readAgain(retries, options, (kept) =>
      read(request, { options: kept, bounds, waits, previous: retries.previous, trace }),
    );
  }

  async function* read(request: unknown, made: MadeCall) {
    const { options, bounds } = made;
    const startedAt = performance.now();
    const measure = (code: status) =>
      durations.record(code === status.OK ? "answered" : "failed", code, performance.now() - startedAt);
    let credentials = connector.credentials(need);
    try {
      while (credentials instanceof Promise)
        credentials = connector.credentials(need, await pendingFor(connector, need, credentials, made));
    } catch (error) {
      measure(status[InterlockError.from(error).code]);
      throw error;
    }
    const { channel } = credentials;
    const metadata = metadataFor(credentials, made);
    const callOptions = { deadline: bounds.deadline };
    let sourceFailure: unknown;
    const { client } = channel;
    const call: ClientReadableStream<unknown> = withoutStacks(() =>
      bidi
        ? client.makeBidiStreamRequest(method.path, asWritten, deserialize, metadata, callOptions)
        : client.makeServerStreamRequest(method.path, asWritten, deserialize, request, metadata, callOptions),
    );
    const place = channel.begin(call, false);
    const watch = watchAnswer(call, options);
    deprecation.watch(call);
    const release = connector.keep(credentials, need);
    watchHeaders(credentials, call, true);
    const stopListening = cancelOnAbort(call, bounds);
    if (bidi) {
      sendRequests(request as Requests, serialize, call as never, (error) => {
        sourceFailure = error;
      });
    }
    let code: status | undefined; // None for a stream that is left before its end.
    const answers = new Messages(call as unknown as Readable);
    try {
      for (;;) {
        const answer = answers.take();
        if (answer !== undefined) yield answer;
        else if (!(await answers.arrival())) break;
      }
      watch?.tellTrailers();
      if (watch?.failure) throw watch.failure.thrown;
      code = status.OK;
    } catch (thrown) {
      watch?.tellTrailers();
      const failure = watch?.failure?.thrown ?? sourceFailure ?? cancellationOf(bounds);
      const error = failure ?? connector.explain(channel, thrown);
      code = status[InterlockError.from(error).code];
      throw error;
    } finally {
      answers.leave();
      if (code === undefined) call.cancel();
      measure(code ?? status.CANCELLED);
      stopListening?.();
      release?.();
      channel.end(place, false);
    }
  }
}

/** A stream of answers whose end its trace is told. */
async function* followed(
  answers: AsyncGenerator<unknown, void, undefined>,
  trace: ClientTrace,
): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* answers;
    trace.answered();
  } catch (thrown) {
    trace.failed(thrown);
    throw thrown;
  } finally {
    trace.left();
  }
}

/** A stream of answers that fails when it is first read. */
// biome-ignore lint/correctness/useYield: it has no answers.
async function* failing(error: unknown): AsyncGenerator<unknown, void, undefined> {
  throw error;
}

/** Listens for whether the next call may refer to a whole token; and, on a stream, for the voucher of its connection. */
function watchHeaders({ channel, authorization }: CallCredentials, call: Answered, streaming: boolean): void {
  const known = authorization === undefined || channel.remembers(authorization);
  if (streaming || !known) channel.watchHeaders(call, known ? undefined : authorization);
}

function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(InterlockError.from(error));
  }
}

/** grpc-js keeps the stack of each call, for its errors: a sixth of the CPU time of a call, for what {@link located} knows. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Gives an error that was received the stack of the code that waits for the call. It has to run where that is resumed. */
function located(error: unknown): unknown {
  if (error instanceof InterlockError && error.remote) Error.captureStackTrace(error, located);
  return error;
}

function isNotShown(error: unknown): boolean {
  return InterlockError.from(error).reason === ("TOKEN_NOT_SHOWN" satisfies Reason);
}

function codecsOf({ request, response }: AnyMethod) {
  const write = serializer(request);
  const serialize = (message: unknown) => {
    try {
      return write(message);
    } catch (error) {
      if (!(error instanceof UnwritableMessage)) throw error;
      throw new InterlockError("INVALID_ARGUMENT", `The request was not sent: ${error.message}.`, { cause: error });
    }
  };
  return { serialize, deserialize: (bytes: Buffer) => response.decode(bytes) };
}

function cancelOnAbort(call: Cancelable, { signals }: CallBounds): (() => void) | undefined {
  if (signals.length === 0) return undefined;
  const cancel = () => call.cancel();
  for (const signal of signals) {
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  }
  return () => {
    for (const signal of signals) signal.removeEventListener("abort", cancel);
  };
}
