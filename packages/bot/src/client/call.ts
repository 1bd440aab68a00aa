import type { Duplex, Readable, Writable } from "node:stream";
import type { ClientReadableStream, Metadata } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import { messages } from "../base/messages.js";
import type { Reason } from "../base/reason.js";
import { serializer } from "../base/serializer.js";
import { writeAll } from "../base/write-all.js";
import { awaitToken } from "./await-token.js";
import type { CallCredentials, PendingToken } from "./call-credentials.js";
import { boundsOf, type CallBounds, type CallOptions, cancellationOf, defaultTimeoutMs } from "./call-options.js";
import type { Answered, Cancelable } from "./call-under-way.js";
import type { Connector } from "./connector.js";

type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** The client function of a method with one answer: unary and client streaming. */
export function callForOne(connector: Connector, method: AnyMethod) {
  const { serialize, deserialize } = codecsOf(method);
  const streaming = method.kind === "clientStreaming";

  return function call(request: unknown, options: CallOptions = {}): Promise<unknown> {
    // A stream of requests is gone once it has been sent, so it cannot be sent again with the whole token.
    let bounds: CallBounds;
    try {
      bounds = boundsOf(options, defaultTimeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    return settled(() => attempt(request, options, bounds, !streaming));
  };

  function attempt(
    request: unknown,
    options: CallOptions,
    bounds: CallBounds,
    mayRefer: boolean,
    token?: PendingToken,
  ): Promise<unknown> {
    const credentials = connector.credentials(token, mayRefer);
    if (!(credentials instanceof Promise)) return start(credentials, request, options, bounds);
    return awaitToken(credentials, bounds).then((fetched) => attempt(request, options, bounds, mayRefer, fetched));
  }

  function start(
    credentials: CallCredentials,
    request: unknown,
    options: CallOptions,
    bounds: CallBounds,
  ): Promise<unknown> {
    const { channel } = credentials;
    const metadata = metadataFor(credentials, options);
    const callOptions = { deadline: bounds.deadline };
    return new Promise((resolve, reject) => {
      let sourceFailure: unknown;
      const onDone = (error: unknown, response?: unknown) => {
        stopListening?.();
        channel.end(place);
        if (error && credentials.refers && isNotShown(error)) {
          // The server refused the call before a handler ran: repeat it with the whole token.
          channel.forget();
          resolve(settled(() => attempt(request, options, bounds, false)));
        } else if (error) reject(sourceFailure ?? cancellationOf(bounds) ?? connector.explain(channel, error));
        else resolve(response);
      };
      const { client } = channel;
      const call = streaming
        ? client.makeClientStreamRequest(method.path, serialize, deserialize, metadata, callOptions, onDone)
        : client.makeUnaryRequest(method.path, serialize, deserialize, request, metadata, callOptions, onDone);
      const place = channel.begin(call);
      if (!credentials.refers) watchHeaders(credentials, call, streaming);
      const stopListening = cancelOnAbort(call, bounds);
      if (streaming) {
        connector.keep(credentials);
        send(request as Requests, call as never, (error) => {
          sourceFailure = error;
        });
      }
    });
  }
}

/** The client function of a method with a stream of answers: server streaming and bidirectional. */
export function callForMany(connector: Connector, method: AnyMethod) {
  const { serialize, deserialize } = codecsOf(method);

  return function call(request: unknown, options: CallOptions = {}): AsyncGenerator<unknown, void, undefined> {
    // The call that is being served now counts, not the one that is served when the answers are read.
    try {
      return read(request, options, boundsOf(options, Number.POSITIVE_INFINITY));
    } catch (error) {
      return failing(error);
    }
  };

  async function* read(request: unknown, options: CallOptions, bounds: CallBounds) {
    let credentials = connector.credentials();
    while (credentials instanceof Promise) credentials = connector.credentials(await awaitToken(credentials, bounds));
    const { channel } = credentials;
    const metadata = metadataFor(credentials, options);
    const callOptions = { deadline: bounds.deadline };
    let sourceFailure: unknown;
    const { client } = channel;
    const bidi = method.kind === "bidiStreaming";
    const call: ClientReadableStream<unknown> = bidi
      ? client.makeBidiStreamRequest(method.path, serialize, deserialize, metadata, callOptions)
      : client.makeServerStreamRequest(method.path, serialize, deserialize, request, metadata, callOptions);
    const place = channel.begin(call);
    connector.keep(credentials);
    watchHeaders(credentials, call, true);
    const stopListening = cancelOnAbort(call, bounds);
    if (bidi) {
      send(request as Requests, call as never, (error) => {
        sourceFailure = error;
      });
    }
    let whole = false;
    try {
      yield* messages(call as unknown as Readable);
      whole = true;
    } catch (error) {
      whole = true;
      throw sourceFailure ?? cancellationOf(bounds) ?? connector.explain(channel, error);
    } finally {
      if (!whole) call.cancel();
      stopListening?.();
      channel.end(place);
    }
  }
}

/** A stream of answers that fails when it is first read. */
// biome-ignore lint/correctness/useYield: it has no answers.
async function* failing(error: unknown): AsyncGenerator<unknown, void, undefined> {
  throw error;
}

/** Listens for whether the next call may refer to a whole token; and, on a stream, for the voucher of its connection. */
function watchHeaders({ channel, authorization }: CallCredentials, call: Answered, streaming: boolean): void {
  const known = authorization === undefined || channel.remembered === authorization;
  if (streaming || !known) channel.watchHeaders(call, known ? undefined : authorization);
}

function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(InterlockError.from(error));
  }
}

function isNotShown(error: unknown): boolean {
  return InterlockError.from(error).reason === ("TOKEN_NOT_SHOWN" satisfies Reason);
}

function codecsOf({ request, response }: AnyMethod) {
  return { serialize: serializer(request), deserialize: (bytes: Buffer) => response.decode(bytes) };
}

/** The metadata of one call, its own: instrumentation writes the context of a trace into it. */
function metadataFor(credentials: CallCredentials, { metadata }: CallOptions): Metadata {
  if (!metadata) return credentials.metadata.clone();
  const merged = metadata.clone();
  merged.merge(credentials.metadata);
  return merged;
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

/** Sends the messages of the caller's source. When the source fails, the call is canceled and gets the source's error. */
function send(source: Requests, call: Duplex & { cancel(): void }, onFailure: (error: unknown) => void): void {
  call.on("error", () => {}); // The reader or the callback gets it, too.
  const over = new AbortController();
  call.once("status", () => over.abort());
  writeAll(iterate(source), call as Writable, over.signal).then(
    (exhausted) => {
      if (exhausted) call.end();
    },
    (error: unknown) => {
      onFailure(error);
      call.cancel();
    },
  );
}

function iterate(source: Requests): AsyncIterable<unknown> {
  if (Symbol.asyncIterator in source) return source;
  return (async function* () {
    yield* source;
  })();
}
