import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Target } from "./target.js";

/** Starts a TCP server that does `greet` with each connection, and reads and forgets what comes. */
export async function startPlain(greet: (socket: Socket) => void = () => {}): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}).resume());
    greet(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server that accepts connections and says nothing. */
export const startSilent = () => startPlain();

/** A server that greets as OpenSSH does. */
export const startSshBanner = () => startPlain((socket) => socket.write("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"));

/** A server that closes each connection at once. */
export const startClosing = () => startPlain((socket) => socket.end());
