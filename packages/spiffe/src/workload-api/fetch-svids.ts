import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { InterlockError } from "@interlock/bot";
import type { X509SVIDRequest, X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import { SpiffeWorkloadAPI } from "../gen/spiffe/workload/workload_interlock.js";
import type { Endpoint } from "./endpoint.js";

/** The longest message that is read, in bytes: gRPC's own default, so a longer one would reach no other client either. */
export const maximumMessageBytes = 4 * 1024 * 1024;

const channelOptions = {
  "grpc.max_receive_message_length": maximumMessageBytes,
  // Each stream has a connection of its own, so that it starts without the delays of one before it.
  "grpc.use_local_subchannel_pool": 1,
  // The agent is on this machine: http_proxy is not for it.
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0,
};

/** How a stream of identities is watched. */
export interface FetchOptions {
  /** Ends the stream, without an error. */
  readonly signal: AbortSignal;
  /** The time that the agent has for its first message, which the specification wants at once; in milliseconds. */
  readonly answerMs: number;
}

/**
 * Fetches the X.509-SVIDs of this process: each message as it comes, the next one when the one before has been dealt with. It
 * returns when the signal aborts, and throws an {@link InterlockError} in every other case, once.
 */
export async function* fetchSvids(
  endpoint: Endpoint,
  { signal, answerMs }: FetchOptions,
): AsyncGenerator<X509SVIDResponse, void> {
  const { path, request, response } = SpiffeWorkloadAPI.methods.fetchX509Svid;
  const client = new Client(endpoint.target, credentials.createInsecure(), channelOptions);
  const metadata = new Metadata();
  metadata.set("workload.spiffe.io", "true"); // SPIFFE Workload Endpoint, section 3.
  const call = client.makeServerStreamRequest<X509SVIDRequest, X509SVIDResponse>(
    path,
    (message) => Buffer.from(request.encode(message).finish()),
    (bytes) => response.decode(bytes),
    {},
    metadata,
  );
  // grpc-js emits an error, the end, and an error again after a cancellation. The first one says why.
  let failure: unknown;
  call.on("error", (error: ServiceError) => {
    failure ??= error;
  });
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel);
  let waiting: NodeJS.Timeout | undefined = setTimeout(() => {
    failure ??= new InterlockError("UNAVAILABLE", `It does not answer within ${answerMs / 1_000} s.`);
    cancel();
  }, answerMs);
  const answered = () => {
    clearTimeout(waiting);
    waiting = undefined;
  };
  try {
    if (signal.aborted) return;
    for await (const message of call as AsyncIterable<X509SVIDResponse>) {
      answered();
      yield message;
      if (signal.aborted) return;
    }
  } catch (error) {
    failure ??= error;
  } finally {
    answered();
    signal.removeEventListener("abort", cancel);
    call.cancel();
    client.close();
  }
  if (signal.aborted) return;
  throw InterlockError.from(failure ?? new InterlockError("UNAVAILABLE", "The agent has ended the stream."));
}
