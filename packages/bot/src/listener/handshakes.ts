import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { addressOf } from "../admission/connection.js";

/** A handshake that came to nothing. */
export interface FailedHandshake {
  /** `host:port` of the peer. */
  readonly address: string;
  /** Whether it took too long. */
  readonly late: boolean;
}

/** The handshakes under way on a TLS server. */
export interface Handshakes {
  /** What is known of a socket whose handshake failed. */
  failed(socket: TLSSocket): FailedHandshake;
  /** Ends those that are under way. */
  end(): void;
}

interface Handshake {
  readonly beneath: Socket;
  late: boolean;
}

/**
 * Remembers the peers of a server's sockets until their handshake is over: a TLS socket that Node has closed for its
 * certificate does not know its peer any more, and the socket beneath it, which does, cannot be reached from it.
 *
 * Ends those that are not over after `timeoutMs`, however busy they are. Node's own time-out begins anew with every byte.
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
      // The failure is told after this.
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
