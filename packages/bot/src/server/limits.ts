import type { ServerOptions } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";

const largestMessageBytes = 4 * 1_024 * 1_024;
/** Of methods that are open to any bot, which need no scope: 64 KiB. */
const anyBotRequestBytes = 64 * 1_024;

/** The limits of one connection; grpc-js has none for most of them. */
export const limits = {
  "grpc.max_receive_message_length": largestMessageBytes,
  "grpc.max_send_message_length": largestMessageBytes,
  "grpc.max_concurrent_streams": 256,
  /** Megabytes of buffers. */
  "grpc-node.max_session_memory": 16,
  /** Off: counters that nothing here reads, at a cost for every call and every message. */
  "grpc.enable_channelz": 0,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
} as const satisfies ServerOptions;

/**
 * The longest message of a request to `method`, in bytes.
 *
 * @throws A `TypeError` when `given` is no such limit.
 */
export function maximumRequestBytes({ path, policy }: Pick<AnyMethod, "path" | "policy">, given?: number): number {
  if (given === undefined) return policy.anyBot ? anyBotRequestBytes : largestMessageBytes;
  if (Number.isInteger(given) && given >= 0 && given <= largestMessageBytes) return given;
  throw new TypeError(`requestBytes of ${path} must be a whole number from 0 to ${largestMessageBytes}`);
}
