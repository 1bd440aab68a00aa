import { isIP } from "node:net";
import type { ChannelOptions } from "@grpc/grpc-js";

const options: ChannelOptions = {
  // Subchannels must not be shared with a channel of another identity, or with another library's in this process.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0, // Nothing here reads its counters.
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 5_000,
};

/** The options with which grpc-js connects to `address`; `serverName` is sent in place of an IP address. */
export function grpcOptions(address: string, serverName: string): ChannelOptions {
  const host = address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  // RFC 6066, section 3: a server name is never an IP address. The SPIFFE ID identifies the server in any case.
  return isIP(host) ? { ...options, "grpc.ssl_target_name_override": serverName } : options;
}
