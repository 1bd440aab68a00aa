import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Listeners of this process that every scan of 127.0.0.1 has to find. */
export interface Planted {
  readonly ports: readonly number[];
  close(): void;
}

/** Listens on 127.0.0.1, on every IPv4 interface, on every interface (dual-stack), and with an end to each connection at once. */
export async function plantListeners(): Promise<Planted> {
  const servers = await Promise.all(
    ["127.0.0.1", "0.0.0.0", "::", "127.0.0.1"].map(async (host, i) => {
      const server = createServer((socket) => {
        socket.on("error", () => {}); // A scan resets its connections.
        if (i === 3) socket.resetAndDestroy();
      });
      server.listen(0, host);
      await once(server, "listening");
      return server;
    }),
  );
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    close: () => {
      for (const server of servers) server.close();
    },
  };
}
