import { Socket } from "node:net";

/**
 * What a connection attempt has shown:
 * - `open`: somebody listens, though perhaps only to end the connection at once.
 * - `closed`: nobody listens.
 * - `self`: the system had chosen the port itself as the source, so that the connection met itself: nobody listens.
 * - `silent`: no answer, or one of a router or a firewall.
 * - `busy`: no attempt was made: this machine had no descriptor, port or memory for it.
 */
export type Outcome = "open" | "closed" | "self" | "silent" | "busy";

/**
 * Gets what an attempt has shown.
 *
 * @param code - The error of the system, for example `ECONNREFUSED`; empty where the connection was made.
 * @param ownPort - The port of this machine, where both ends of the connection have the same address.
 */
export type OnOutcome = (outcome: Outcome, code: string, ownPort: number | undefined) => void;

/**
 * Connects once, closes the connection with a reset, and tells what that has shown. No byte is sent.
 *
 * @param localPort - The source port. Default: the system chooses.
 */
export function knock(address: string, port: number, onOutcome: OnOutcome, localPort?: number): Socket {
  const socket = new Socket();
  let told = false;
  socket.on("connect", () => {
    const { localAddress, localPort, remoteAddress } = socket;
    const ownPort = localAddress === remoteAddress ? localPort : undefined;
    // A reset leaves no TIME_WAIT, of which tens of thousands would use up the ports of this machine.
    socket.resetAndDestroy();
    told = true;
    onOutcome(ownPort === port ? "self" : "open", "", ownPort);
  });
  // It stays, for an error that the reset meets.
  socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
    if (!told) onOutcome(outcomes.get(code) ?? "silent", code, undefined);
  });
  if (localPort === undefined) socket.connect(port, address);
  else socket.connect({ port, host: address, localPort });
  return socket;
}

const outcomes: ReadonlyMap<string, Outcome> = new Map([
  ["ECONNREFUSED", "closed"],
  // The connection stood, and was reset before that was seen: EPIPE where the other side had said before that it ends.
  ["ECONNRESET", "open"],
  ["EPIPE", "open"],
  ["EMFILE", "busy"],
  ["ENFILE", "busy"],
  ["EADDRNOTAVAIL", "busy"],
  ["EADDRINUSE", "busy"],
  ["EAGAIN", "busy"],
  ["ENOBUFS", "busy"],
  ["ENOMEM", "busy"],
]);
