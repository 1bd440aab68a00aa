import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { scanPorts } from "./scan-ports.js";
import type { OpenPort } from "./target.js";

describe("scanPorts", () => {
  let server: Server;
  let port = 0;
  before(async () => {
    server = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-x\r\n"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  async function* open(...hosts: readonly string[]): AsyncGenerator<OpenPort> {
    for (const host of hosts) yield { host, address: "127.0.0.1", port };
  }
  const options = { targets: ["127.0.0.1"], now: () => 7 };

  it("gives the ports in the order of their addresses, with the times and what was asked for", async () => {
    const seen: number[] = [];
    const scan = await scanPorts(open("b.local", "127.0.0.1", "a.local"), {
      ...options,
      concurrency: 1,
      onProbed: (count) => seen.push(count),
    });
    assert.deepEqual([scan.startedAt, scan.endedAt, scan.targets], [7, 7, ["127.0.0.1"]]);
    assert.deepEqual(
      scan.ports.map(({ address, ip, connections }) => [address, ip, connections]),
      [
        [`127.0.0.1:${port}`, undefined, 2],
        [`a.local:${port}`, "127.0.0.1", 2],
        [`b.local:${port}`, "127.0.0.1", 2],
      ],
    );
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it("takes as many ports as it may, and refuses one more", async () => {
    assert.equal((await scanPorts(open("a", "b"), { ...options, maximumPorts: 2 })).ports.length, 2);
    await assert.rejects(scanPorts(open("a", "b", "c"), { ...options, maximumPorts: 2 }), {
      code: "RESOURCE_EXHAUSTED",
    });
  });

  it("ends with its signal", async () => {
    const reason = new Error("enough");
    await assert.rejects(scanPorts(open("a"), { ...options, signal: AbortSignal.abort(reason) }), reason);
  });

  it("finds nothing at a port that has closed meanwhile", async () => {
    const gone = createServer();
    await once(gone.listen(0, "127.0.0.1"), "listening");
    const closed = { host: "127.0.0.1", address: "127.0.0.1", port: (gone.address() as AddressInfo).port };
    await new Promise((resolve) => gone.close(resolve));
    async function* ports() {
      yield closed;
    }
    const { ports: found } = await scanPorts(ports(), options);
    assert.deepEqual(found[0]?.sentences, [
      "It closes each connection before anything is said: what it is is not known.",
    ]);
  });
});
