import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A network between clients and one server that can vanish: no data, no end, no refusal, as when a cable is pulled. */
export interface VanishingNetwork {
  /** The address at which clients reach the server. */
  readonly address: string;
  /** Lets nothing through. */
  vanish(): void;
  /** Lets everything through again; with `cut`, connections from before are gone. */
  comeBack(cut: boolean): void;
  close(): Promise<void>;
}

/** Starts a network in front of the server at `address`, on a free port of 127.0.0.1. */
export async function startVanishingNetwork(address: string): Promise<VanishingNetwork> {
  const port = Number(address.split(":").at(-1));
  const sockets = new Set<Socket>();
  let gone = false;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    if (gone) socket.pause();
  }

  function join(from: Socket, to: Socket): void {
    from.on("data", (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => gone || from.resume());
    from.on("end", () => to.end());
    from.on("close", () => to.destroy());
  }

  const server = createServer({ pauseOnConnect: true }, (client) => {
    const behind = createConnection({ host: "127.0.0.1", port });
    for (const socket of [client, behind]) keep(socket);
    join(client, behind);
    join(behind, client);
    if (gone) for (const socket of [client, behind]) socket.pause();
    else client.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    vanish() {
      gone = true;
      for (const socket of sockets) socket.pause();
    },
    comeBack(cut) {
      gone = false;
      for (const socket of [...sockets]) {
        if (cut) socket.destroy();
        else socket.resume();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
