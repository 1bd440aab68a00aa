import { createPrivateKey } from "node:crypto";
import { Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { Identity } from "@interlock/bot";
import { X509SVID, type X509SVIDRequest, X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import { SpiffeWorkloadAPI } from "../gen/spiffe/workload/workload_interlock.js";

type Stream = ServerWritableStream<X509SVIDRequest, X509SVIDResponse>;

/** What a fake Workload API does with a stream. */
export type Behavior = (stream: Stream) => void;

/** A Workload API in memory, whose answers a test decides. */
export interface FakeWorkloadApi {
  readonly endpoint: string;
  /** How many streams have been opened so far. */
  readonly opened: number;
  /** The streams that are open. */
  readonly open: ReadonlySet<Stream>;
  /** The metadata of the last stream. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Sends this to all streams that are open, and first to each that is opened from now on. */
  send(response: Partial<X509SVIDResponse>): void;
  /** Does this with each stream that is opened from now on. */
  behave(behavior: Behavior): void;
  /** Resolves once so many streams have been opened. */
  streams(count: number): Promise<void>;
  /** Ends everything; the socket is gone. */
  stop(): void;
}

/** Starts a fake Workload API at `unix:///path`, or `tcp://127.0.0.1:port`; port 0 is any. */
export async function startFakeWorkloadApi(at = "tcp://127.0.0.1:0"): Promise<FakeWorkloadApi> {
  const { path, request, response } = SpiffeWorkloadAPI.methods.fetchX509Svid;
  const server = new Server();
  const open = new Set<Stream>();
  let opened = 0;
  let metadata: Record<string, unknown> = {};
  let behavior: Behavior = refusing(status.PERMISSION_DENIED);
  let wake = () => {};
  const method = {
    path,
    requestStream: false,
    responseStream: true,
    requestSerialize: (message: X509SVIDRequest) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (message: X509SVIDResponse) => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
  server.addService(
    { fetch: method },
    {
      fetch(stream: Stream) {
        opened += 1;
        metadata = stream.metadata.getMap();
        open.add(stream);
        stream.on("close", () => open.delete(stream));
        stream.on("cancelled", () => open.delete(stream));
        behavior(stream);
        wake();
      },
    },
  );
  const unix = at.startsWith("unix://");
  const host = unix ? `unix:${at.slice("unix://".length)}` : at.slice("tcp://".length);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(host, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    endpoint: unix ? at : `tcp://127.0.0.1:${port}`,
    get opened() {
      return opened;
    },
    open,
    get metadata() {
      return metadata;
    },
    send(given) {
      const message = X509SVIDResponse.fromPartial(given);
      behavior = (stream) => stream.write(message);
      for (const stream of open) stream.write(message);
    },
    behave(next) {
      behavior = next;
    },
    async streams(count) {
      while (opened < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    stop: () => server.forceShutdown(),
  };
}

/** Refuses each stream with a status. */
export function refusing(code: status, details = "no identity issued"): Behavior {
  return (stream) => stream.emit("error", { code, details });
}

/** The message of one identity, with the CA certificates of its trust domain. */
export function svidOf(
  { spiffeId, privateKey, chain }: Identity,
  bundle: readonly Uint8Array[],
  more: Partial<X509SVID> = {},
): X509SVID {
  return X509SVID.fromPartial({
    spiffeId: spiffeId.uri,
    x509Svid: Buffer.concat(chain),
    x509SvidKey: createPrivateKey(privateKey).export({ type: "pkcs8", format: "der" }),
    bundle: Buffer.concat(bundle),
    ...more,
  });
}
