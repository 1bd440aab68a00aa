import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { EchoServer } from "./variant.js";

/** Has `server` listen on a free port of the loopback interface. */
export async function listen(server: Pick<Server, "listen" | "address">): Promise<EchoServer> {
  await once((server as Server).listen(0, "127.0.0.1"), "listening");
  return { address: `localhost:${(server.address() as AddressInfo).port}` };
}
