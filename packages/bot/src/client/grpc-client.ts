import type { Socket } from "node:net";
import { Client } from "@grpc/grpc-js";
import { chooseTransport } from "../transport/choose-transport.js";
import { createWireChannel } from "../transport/create-wire-channel.js";
import type { ServerCheck } from "../transport/secure-socket.js";
import type { ChannelTuning } from "./channel-tuning.js";
import { grpcOptions } from "./grpc-options.js";
import { secureCredentials } from "./secure-credentials.js";

/**
 * A client of grpc-js for `address`, whose server is decided on by `server`, over the transport of this process.
 *
 * `connected` gets the TCP socket of each connection, before its handshake.
 */
export function grpcClient(
  address: string,
  server: ServerCheck,
  connected?: (socket: Socket) => void,
  tuning?: ChannelTuning,
): Client {
  const options = grpcOptions(address, tuning);
  const secure = secureCredentials(server, connected);
  if (chooseTransport() === "grpc-js") return new Client(address, secure, options);
  return new Client(address, secure, { channelOverride: createWireChannel(address, server, options, connected) });
}
