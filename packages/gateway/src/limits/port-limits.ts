import type { ServerOptions } from "@interlock/bot/internal";

/** The port of a gateway or a sidecar and its bounds, which are those of every server of a bot. */
export type PortLimits = Pick<
  ServerOptions,
  | "port"
  | "maximumConnections"
  | "connectionsPerPeer"
  | "callerRate"
  | "callsPerPeer"
  | "requestBytesPerPeer"
  | "callsPerConnection"
  | "createLimiter"
>;
