import { InterlockError } from "../base/error.js";
import { chooseTransport } from "../transport/choose-transport.js";
import { WireChannel } from "../transport/wire-channel.js";
import type { Channel } from "./channel.js";

/**
 * The transport of a channel, for calls that are passed on as bytes.
 *
 * @throws `FAILED_PRECONDITION` where the process uses the transport of grpc-js, which knows messages only.
 */
export function wireOf({ client }: Channel): WireChannel {
  const channel = client.getChannel();
  if (channel instanceof WireChannel) return channel;
  throw overWireOnly();
}

/**
 * Refuses what passes calls on, before it is opened, in a process that uses the transport of grpc-js.
 *
 * @throws `FAILED_PRECONDITION`.
 */
export function requireWire(): void {
  if (chooseTransport() !== "wire") throw overWireOnly();
}

function overWireOnly(): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", "Calls are passed on over wire only: unset INTERLOCK_TRANSPORT.");
}
