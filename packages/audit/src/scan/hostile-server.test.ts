import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createForeignKeyPair } from "./foreign-key-pair.js";
import { scanPorts } from "./scan-ports.js";

/** A certificate whose end is no time. */
function withoutEnd(): { cert: string; key: string } {
  const { chain, key } = createForeignKeyPair(Date.now());
  const der = Buffer.from(chain.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
  const end = der.indexOf(Buffer.of(0x17, 13), der.indexOf(Buffer.of(0x17, 13)) + 1);
  der.write("991399999999Z", end + 2, "latin1");
  return { cert: `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`, key };
}

describe("a hostile server", () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function scan(server: Server) {
    servers.push(server);
    server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    async function* open() {
      yield { host: "127.0.0.1", address: "127.0.0.1", port };
    }
    const options = { targets: [], now: Date.now, timeoutMs: 500, listenMs: 50 };
    const { ports } = await scanPorts(open(), options);
    assert.equal(ports.length, 1);
    return ports[0];
  }

  it("with times that are none in its certificate ends neither the scan nor its sentences", async () => {
    const port = await scan(createTlsServer(withoutEnd(), (socket) => socket.on("error", () => {})));
    assert.equal(port?.tls?.certificate?.expiresAt, 0);
    assert.match(port.sentences.join(" "), /Its certificate has expired/);
  });
});
