import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { addressOf } from "../admission/connection.js";

/** A handshake that failed. */
export interface FailedHandshake {
  /** `host:port` of the peer. */
  readonly address: string;
  /** Whether it failed because it took too long. */
  readonly late: boolean;
}

/** The handshakes under way on a TLS server. */
export interface Handshakes {
  /** What is known about a socket whose handshake failed. */
  failed(socket: TLSSocket): FailedHandshake;
  /** Ends the handshakes that are under way. */
  end(): void;
}

interface Handshake {
  readonly beneath: Socket;
  late: boolean;
}

/**
 * Remembers the peers of a server's sockets until their handshake has ended: a TLS socket that Node has closed because of
 * its certificate no longer knows its peer, and the socket beneath it, which does, cannot be reached from it.
 *
 * It ends handshakes that take longer than `timeoutMs`, however busy they are; Node's own time-out starts again with every
 * byte. The number of entries is bounded by the server's `maxConnections`.
 */
export function watchHandshakes(server: Server, timeoutMs: number): Handshakes {
  const underWay = new Map<string, Handshake>();
  server.on("connection", (beneath: Socket) => {
    const address = addressOf(beneath);
    const handshake: Handshake = { beneath, late: false };
    underWay.set(address, handshake);
    const timer = setTimeout(() => {
      handshake.late = underWay.get(address) === handshake;
      if (handshake.late) beneath.destroy();
    }, timeoutMs).unref();
    beneath.once("close", () => {
      clearTimeout(timer);
      // Node reports the failure after this event.
      setImmediate(() => underWay.get(address) === handshake && underWay.delete(address));
    });
  });
  server.on("secureConnection", (socket: TLSSocket) => underWay.delete(addressOf(socket)));
  return {
    failed(socket) {
      const address = addressOf(socket) || ([...underWay].find(([, { beneath }]) => beneath.destroyed)?.[0] ?? "");
      const late = underWay.get(address)?.late ?? false;
      underWay.delete(address);
      return { address, late };
    },
    end() {
      for (const { beneath } of underWay.values()) beneath.destroy();
    },
  };
}
