import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Connection, createClientConnection, createServerConnection } from "../connection.js";
import type { ConnectionEnd, ConnectionHandler, ConnectionOptions } from "../session/connection-handler.js";

/** A server of this engine on a port of this machine. */
export interface LoopbackServer {
  readonly port: number;
  /** The connections that are open. */
  readonly connections: ReadonlySet<Connection>;
  /** How the connections that were closed ended, the first one first. */
  readonly ends: readonly ConnectionEnd[];
  /** Resolves when `count` connections have ended. */
  ended(count?: number): Promise<readonly ConnectionEnd[]>;
  close(): Promise<void>;
}

/** Serves streams on a port of this machine. */
export async function serve(
  onStream: Required<ConnectionHandler>["onStream"],
  options: ConnectionOptions = {},
  onSocket: (socket: Socket) => void = () => {},
): Promise<LoopbackServer> {
  const connections = new Set<Connection>();
  const ends: ConnectionEnd[] = [];
  const waiting = new Set<() => void>();
  const server = createServer({ noDelay: true }, (socket) => {
    onSocket(socket);
    const handler = {
      onStream,
      onClose(end: ConnectionEnd) {
        connections.delete(connection);
        ends.push(end);
        for (const look of waiting) look();
      },
    };
    const connection = createServerConnection(socket, handler, options);
    connections.add(connection);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    ends,
    ended: (count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (ends.length < count) return;
          waiting.delete(look);
          resolve(ends);
        };
        waiting.add(look);
        look();
      }),
    async close() {
      for (const connection of connections) connection.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A connection of this engine to a port of this machine. */
export interface LoopbackClient {
  readonly connection: Connection;
  readonly socket: Socket;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<ConnectionEnd>;
}

/** Connects to a port of this machine. */
export async function connectTo(
  port: number,
  options: ConnectionOptions = {},
  onCapacity: () => void = () => {},
): Promise<LoopbackClient> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let close: (end: ConnectionEnd) => void = () => {};
  const ended = new Promise<ConnectionEnd>((resolve) => {
    close = resolve;
  });
  const connection = createClientConnection(socket, { onCapacity, onClose: (end) => close(end) }, options);
  return { connection, socket, ended };
}
