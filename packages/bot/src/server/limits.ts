import type { ServerOptions } from "@grpc/grpc-js";

/** The limits of one connection; grpc-js has none for most of them. */
export const limits = {
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  "grpc.max_send_message_length": 4 * 1024 * 1024,
  "grpc.max_concurrent_streams": 256,
  /** Megabytes of buffers. */
  "grpc-node.max_session_memory": 16,
  /** Off: counters that nothing here reads, at a cost for every call and every message. */
  "grpc.enable_channelz": 0,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
} as const satisfies ServerOptions;
