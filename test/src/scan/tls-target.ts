import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import type { Certificates } from "./certificates.js";
import type { Target } from "./target.js";

/** Starts a TLS server that agrees to speak a protocol and does `greet` with each connection instead. Default: HTTP/2. */
export async function startTls(
  { cert, key }: Certificates,
  greet: (socket: Socket) => void = () => {},
  protocol: "h2" | "http/1.1" = "h2",
): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer({ cert, key, ALPNProtocols: [protocol] }, (socket) => {
    socket.on("error", () => {}).resume();
    greet(socket);
  });
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  server.on("tlsClientError", () => {});
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
