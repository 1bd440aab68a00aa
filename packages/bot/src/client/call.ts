import type { Duplex, Readable, Writable } from "node:stream";
import type { ClientReadableStream, ClientUnaryCall, Metadata } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import { InterlockError } from "../error.js";
import { serializer } from "../serializer.js";
import { messages } from "../stream/messages.js";
import { writeAll } from "../stream/write-all.js";
import { awaitLease } from "./await-lease.js";
import { boundsOf, type CallBounds, type CallOptions, defaultTimeoutMs } from "./call-options.js";
import type { Connector, Lease } from "./connector.js";

type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** The client function of a method with one answer: unary and client streaming. */
export function callForOne(connector: Connector, method: AnyMethod) {
  const { serialize, deserialize } = codecsOf(method);
  const streaming = method.kind === "clientStreaming";

  return function call(request: unknown, options: CallOptions = {}): Promise<unknown> {
    try {
      const bounds = boundsOf(options, defaultTimeoutMs);
      const lease = connector.lease();
      if (lease instanceof Promise) {
        return awaitLease(lease, bounds).then((ready) => start(ready, request, options, bounds));
      }
      return start(lease, request, options, bounds);
    } catch (error) {
      return Promise.reject(InterlockError.from(error));
    }
  };

  function start(lease: Lease, request: unknown, options: CallOptions, own: CallBounds): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const bounds = { ...own, signals: [...own.signals, lease.signal] };
      const metadata = metadataFor(lease, options);
      const callOptions = { deadline: bounds.deadline };
      const sourceFailure = { error: undefined as unknown };
      const onDone = (error: unknown, response?: unknown) => {
        stopListening();
        lease.release();
        if (error) reject(sourceFailure.error ?? cancellationOf(bounds) ?? lease.explain(error));
        else resolve(response);
      };
      const { grpc } = lease;
      const call = streaming
        ? grpc.makeClientStreamRequest(method.path, serialize, deserialize, metadata, callOptions, onDone)
        : grpc.makeUnaryRequest(method.path, serialize, deserialize, request, metadata, callOptions, onDone);
      const stopListening = cancelOnAbort(call, bounds);
      if (streaming) {
        send(request as Requests, call as never, (error) => {
          sourceFailure.error = error;
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

  async function* read(request: unknown, options: CallOptions, own: CallBounds) {
    const pending = connector.lease();
    const lease = pending instanceof Promise ? await awaitLease(pending, own) : pending;
    const bounds = { ...own, signals: [...own.signals, lease.signal] };
    const metadata = metadataFor(lease, options);
    const callOptions = { deadline: bounds.deadline };
    const sourceFailure = { error: undefined as unknown };
    const { grpc } = lease;
    const bidi = method.kind === "bidiStreaming";
    const call: ClientReadableStream<unknown> = bidi
      ? grpc.makeBidiStreamRequest(method.path, serialize, deserialize, metadata, callOptions)
      : grpc.makeServerStreamRequest(method.path, serialize, deserialize, request, metadata, callOptions);
    const stopListening = cancelOnAbort(call, bounds);
    if (bidi) {
      send(request as Requests, call as never, (error) => {
        sourceFailure.error = error;
      });
    }
    let whole = false;
    try {
      yield* messages(call as unknown as Readable);
      whole = true;
    } catch (error) {
      whole = true;
      throw sourceFailure.error ?? cancellationOf(bounds) ?? lease.explain(error);
    } finally {
      if (!whole) call.cancel();
      stopListening();
      lease.release();
    }
  }
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

function cancelOnAbort(call: Pick<ClientUnaryCall, "cancel">, { signals }: CallBounds): () => void {
  const cancel = () => call.cancel();
  for (const signal of signals) {
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  }
  return () => {
    for (const signal of signals) signal.removeEventListener("abort", cancel);
  };
}

function cancellationOf({ signals }: CallBounds): InterlockError | undefined {
  const aborted = signals.find((signal) => signal.aborted);
  if (!aborted) return undefined;
  if (aborted.reason instanceof InterlockError) return aborted.reason;
  return new InterlockError("CANCELLED", "The call was cancelled.", { cause: aborted.reason });
}

/** Sends what the caller's source yields; where the source fails, the call is cancelled and has its error. */
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
