import { isIP } from "node:net";
import type { ChannelOptions } from "@grpc/grpc-js";
import { packedPathsOption } from "../transport/settings.js";
import type { ChannelTuning } from "./channel-tuning.js";

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
  "grpc.max_reconnect_backoff_ms": 1_500, // Plus up to a fifth: with the pause of a feed, below 5 s after an outage.
};

/**
 * The server name in place of an IP address, which RFC 6066, section 3, does not allow. It is no trust domain, because not
 * each of those is a host name. The SPIFFE ID identifies the server in any case.
 */
const serverName = "fleet.interlock.invalid";

/** The options with which grpc-js connects to `address`. */
export function grpcOptions(address: string, tuning: ChannelTuning = {}): ChannelOptions {
  const tuned = { ...options, ...tunedOptions(tuning) };
  const host = address
    .replace(/^dns:(?:\/\/\/)?/, "")
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "");
  return isIP(host) ? { ...tuned, "grpc.ssl_target_name_override": serverName } : tuned;
}

function tunedOptions({ requestBytes, responseBytes, packedPaths }: ChannelTuning): ChannelOptions {
  return {
    ...(requestBytes !== undefined && { "grpc.max_send_message_length": requestBytes }),
    ...(responseBytes !== undefined && { "grpc.max_receive_message_length": responseBytes }),
    ...(packedPaths && { [packedPathsOption]: packedPaths }),
  };
}
