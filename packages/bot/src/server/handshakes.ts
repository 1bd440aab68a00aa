import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { addressOf } from "../connection.js";

/** Where the handshakes under way on a TLS server come from. */
export interface Handshakes {
  /** `host:port` of a socket whose handshake failed. */
  addressOfFailed(socket: TLSSocket): string;
  /** Ends those that are under way. */
  end(): void;
}

/**
 * Remembers the peers of a server's sockets until their handshake is over: a TLS socket that Node has closed for its
 * certificate does not know its peer any more, and the socket beneath it, which does, cannot be reached from it.
 */
export function watchHandshakes(server: Server): Handshakes {
  const underWay = new Map<string, Socket>();
  server.on("connection", (socket: Socket) => {
    const address = addressOf(socket);
    underWay.set(address, socket);
    socket.once("close", () => {
      // The failure is told after this.
      setImmediate(() => underWay.get(address) === socket && underWay.delete(address));
    });
  });
  server.on("secureConnection", (socket: TLSSocket) => underWay.delete(addressOf(socket)));
  return {
    addressOfFailed(socket) {
      const address = addressOf(socket) || ([...underWay].find(([, beneath]) => beneath.destroyed)?.[0] ?? "");
      underWay.delete(address);
      return address;
    },
    end() {
      for (const socket of underWay.values()) socket.destroy();
    },
  };
}
