import type { Duplex, Readable, Writable } from "node:stream";
import type { ClientReadableStream, Metadata } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import { messages } from "../base/messages.js";
import type { Reason } from "../base/reason.js";
import { serializer } from "../base/serializer.js";
import { writeAll } from "../base/write-all.js";
import { awaitTicket } from "./await-token.js";
import { boundsOf, type CallBounds, type CallOptions, cancellationOf, defaultTimeoutMs } from "./call-options.js";
import type { Answered, Cancellable } from "./channel.js";
import type { Connector, Lease, Ticket } from "./connector.js";

type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** The client function of a method with one answer: unary and client streaming. */
export function callForOne(connector: Connector, method: AnyMethod) {
  const { serialize, deserialize } = codecsOf(method);
  const streaming = method.kind === "clientStreaming";

  return function call(request: unknown, options: CallOptions = {}): Promise<unknown> {
    // A stream of requests is gone once it has been sent, so it cannot be sent again with the whole token.
    return settled(() => attempt(request, options, boundsOf(options, defaultTimeoutMs), !streaming));
  };

  function attempt(
    request: unknown,
    options: CallOptions,
    bounds: CallBounds,
    mayRefer: boolean,
    ticket?: Ticket,
  ): Promise<unknown> {
    const lease = connector.lease(ticket, mayRefer);
    if (!(lease instanceof Promise)) return start(lease, request, options, bounds);
    return awaitTicket(lease, bounds).then((fetched) => attempt(request, options, bounds, mayRefer, fetched));
  }

  function start(lease: Lease, request: unknown, options: CallOptions, bounds: CallBounds): Promise<unknown> {
    const { channel } = lease;
    const metadata = metadataFor(lease, options);
    const callOptions = { deadline: bounds.deadline };
    return new Promise((resolve, reject) => {
      let sourceFailure: unknown;
      const onDone = (error: unknown, response?: unknown) => {
        stopListening?.();
        channel.end(place);
        if (error && lease.refers && isNotShown(error)) {
          // The server refused it at the gate, so no handler has run: once more, and whole.
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
      if (!lease.refers) watchHeaders(lease, call, streaming);
      const stopListening = cancelOnAbort(call, bounds);
      if (streaming) {
        connector.keep(lease);
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
    // What is being served when the call is made counts, not what is being served when its answers are read.
    const bounds = boundsOf(options, Number.POSITIVE_INFINITY);
    return read(request, options, bounds);
  };

  async function* read(request: unknown, options: CallOptions, bounds: CallBounds) {
    let lease = connector.lease();
    while (lease instanceof Promise) lease = connector.lease(await awaitTicket(lease, bounds));
    const { channel } = lease;
    const metadata = metadataFor(lease, options);
    const callOptions = { deadline: bounds.deadline };
    let sourceFailure: unknown;
    const { client } = channel;
    const bidi = method.kind === "bidiStreaming";
    const call: ClientReadableStream<unknown> = bidi
      ? client.makeBidiStreamRequest(method.path, serialize, deserialize, metadata, callOptions)
      : client.makeServerStreamRequest(method.path, serialize, deserialize, request, metadata, callOptions);
    const place = channel.begin(call);
    connector.keep(lease);
    watchHeaders(lease, call, true);
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

/** Whoever shows a token whole listens for whether he has to the next time; and a stream, for how it outlives certificates. */
function watchHeaders({ channel, authorization }: Lease, call: Answered, streaming: boolean): void {
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

function metadataFor(lease: Lease, { metadata }: CallOptions): Metadata {
  if (!metadata) return lease.metadata;
  const merged = metadata.clone();
  merged.merge(lease.metadata);
  return merged;
}

function cancelOnAbort(call: Cancellable, { signals }: CallBounds): (() => void) | undefined {
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

/** Sends what the caller's source yields; where the source fails, the call is canceled and has its error. */
function send(source: Requests, call: Duplex & { cancel(): void }, onFailure: (error: unknown) => void): void {
  call.on("error", () => {}); // Its reader, or its callback, is told.
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
