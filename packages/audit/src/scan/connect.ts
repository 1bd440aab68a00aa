import { connect, type Socket } from "node:net";
import type { Guard, Tap } from "./tap.js";
import { tapOn } from "./tap.js";

/** The port to probe, and how patient the probe is. */
export interface Endpoint {
  /** The name or the IP address that was asked for: what the server is called. */
  readonly host: string;
  /** The IP address that is dialed. */
  readonly address: string;
  readonly port: number;
  /** How long an answer is awaited, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a server is listened to before anything is sent to it, in milliseconds. */
  readonly listenMs: number;
  /** Called once for each connection that is opened. */
  onConnection?(): void;
}

/** Opens a connection with a tap on it. Resolves to `undefined` where nobody accepts it in time. */
export async function openTap(endpoint: Endpoint, guard?: Guard): Promise<Tap | undefined> {
  const socket = await open(endpoint);
  return socket && tapOn(socket, guard);
}

function open({ address, port, timeoutMs, onConnection }: Endpoint): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
    const settle = (connected: boolean) => {
      clearTimeout(timer);
      socket.off("error", fail);
      if (connected) {
        onConnection?.();
        return resolve(socket);
      }
      socket.on("error", () => {}).destroy();
      resolve(undefined);
    };
    const fail = () => settle(false);
    const timer = setTimeout(fail, timeoutMs);
    // A port of one's own number connects to itself where nobody listens (simultaneous open).
    socket
      .once("error", fail)
      .once("connect", () => settle(socket.localPort !== port || socket.localAddress !== address));
  });
}
