import type { ChannelOptions } from "@grpc/grpc-js";
import type { Encoding } from "@interlock/wire";

/** How a channel works, beside where it goes to. */
export interface Settings {
  /** The longest message of an answer, in bytes, also after it was decompressed. Default: 4 MiB. */
  readonly receiveBytes: number;
  /** The longest message of a request, in bytes. Default: none. */
  readonly sendBytes: number;
  /** The encoding of requests. Default: "identity". */
  readonly encoding: Encoding;
  /** The paths of the methods whose requests have that encoding. Default: all. */
  readonly packedPaths: ReadonlySet<string> | undefined;
  /** Which address is used, of several: the first that answers, or each in its turn. Default: "pick_first". */
  readonly balancing: "pick_first" | "round_robin";
  /** How long a connection may take until HTTP/2 has begun, in milliseconds. Default: 20,000. */
  readonly connectMs: number;
  /** The head start of an address before the next one is tried beside it, in milliseconds. Default: 250 (RFC 8305). */
  readonly headStartMs: number;
  /** The silence on a connection with calls after which it is asked for a sign of life, in milliseconds. Default: never. */
  readonly keepaliveMs: number;
  /** How long the sign of life may take, in milliseconds. Default: 20,000. */
  readonly keepaliveTimeoutMs: number;
  /** The pauses between attempts that fail, in milliseconds. Default: from 100 to 1,500. */
  readonly backoff: { readonly firstMs: number; readonly maximumMs: number };
  /** The most connections to one address: another one is made where the server takes no more calls on one. Default: 8. */
  readonly connections: number;
  /** The most calls that wait for a connection. Default: 65,536. */
  readonly waitingCalls: number;
  readonly userAgent: string;
  /** The value of `:authority` in place of the target's. */
  readonly authority: string | undefined;
  /** The name that the server is told in the handshake in place of the target's. */
  readonly serverName: string | undefined;
}

/** The option with the paths of the methods whose requests are compressed, a set of texts. It chooses gzip. */
export const packedPathsOption = "interlock.packed_paths";

const encodings: Readonly<Record<number, Encoding>> = { 0: "identity", 1: "deflate", 2: "gzip" };

/** Reads the settings out of the options of grpc-js. Options that have no meaning here are passed over, as grpc-js does. */
export function readSettings(options: ChannelOptions): Settings {
  return {
    receiveBytes: boundOf(options["grpc.max_receive_message_length"] ?? 4 * 1024 * 1024),
    sendBytes: boundOf(options["grpc.max_send_message_length"] ?? -1),
    encoding: options[packedPathsOption]
      ? "gzip"
      : (encodings[options["grpc.default_compression_algorithm"] ?? 0] ?? "identity"),
    packedPaths: options[packedPathsOption],
    balancing: balancingOf(options["grpc.service_config"]),
    connectMs: 20_000,
    headStartMs: 250,
    keepaliveMs: boundOf(options["grpc.keepalive_time_ms"] ?? -1),
    keepaliveTimeoutMs: options["grpc.keepalive_timeout_ms"] ?? 20_000,
    backoff: {
      firstMs: options["grpc.initial_reconnect_backoff_ms"] ?? 100,
      maximumMs: options["grpc.max_reconnect_backoff_ms"] ?? 1_500,
    },
    connections: 8,
    waitingCalls: 65_536,
    userAgent: [options["grpc.primary_user_agent"], ownName, options["grpc.secondary_user_agent"]]
      .filter(Boolean)
      .join(" "),
    authority: options["grpc.default_authority"],
    serverName: options["grpc.ssl_target_name_override"],
  };
}

/** In the form of PROTOCOL-HTTP2, "User-Agents". */
const ownName = `grpc-node-interlock/0.1.0 (node ${process.versions.node})`;

/** A bound where a number below zero stands for none. */
function boundOf(bound: number): number {
  return bound < 0 ? Number.POSITIVE_INFINITY : bound;
}

/** Looks for the policy in a service config (grpc/doc/service_config.md), as grpc-js takes it from its user. */
function balancingOf(config: string | undefined): Settings["balancing"] {
  if (config === undefined) return "pick_first";
  const { loadBalancingConfig = [] } = JSON.parse(config) as { loadBalancingConfig?: readonly object[] };
  const known = loadBalancingConfig.find((one) => "round_robin" in one || "pick_first" in one);
  return known && "round_robin" in known ? "round_robin" : "pick_first";
}
