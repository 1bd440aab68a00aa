import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A wire between a client and a server, which can be cut without a word to either. */
export interface Relay {
  /** `host:port` of the client's end. */
  readonly address: string;
  /** The connections that are open now. */
  readonly connections: number;
  /** The bytes that the client has sent. */
  readonly sent: number;
  /** The bytes that the server has sent. */
  readonly received: number;
  /** Carries nothing any more; connections stay, new ones are accepted, and nobody is told. */
  cut(): void;
  /** Carries again. What was sent meanwhile arrives. */
  mend(): void;
  close(): Promise<void>;
}

/** Lays a wire to a port of this machine. */
export async function createRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let sent = 0;
  let received = 0;
  let isCut = false;

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    if (isCut) socket.pause();
    return socket;
  }

  const server = createServer((client) => {
    connections++;
    client.on("close", () => connections--);
    const upstream = keep(connect(port, "127.0.0.1"));
    keep(client).on("data", (data) => {
      sent += data.length;
      upstream.write(data);
    });
    upstream.on("data", (data) => {
      received += data.length;
      client.write(data);
    });
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    get sent() {
      return sent;
    },
    get received() {
      return received;
    },
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
