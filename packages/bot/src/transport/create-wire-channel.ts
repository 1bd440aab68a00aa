import type { Socket } from "node:net";
import type { ChannelOptions } from "@grpc/grpc-js";
import type { ServerCheck } from "./secure-socket.js";
import { readSettings } from "./settings.js";
import { readTarget } from "./target.js";
import { WireChannel } from "./wire-channel.js";

/**
 * Makes a channel to `address`, with the options of grpc-js that have a meaning here.
 *
 * @param connected - Gets the TCP socket of each connection, before its handshake.
 */
export function createWireChannel(
  address: string,
  server: ServerCheck,
  options: ChannelOptions = {},
  connected: (socket: Socket) => void = () => {},
): WireChannel {
  const target = readTarget(address);
  const settings = readSettings(options);
  return new WireChannel(target, { settings, serverName: settings.serverName ?? target.host, server, connected });
}
