import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { type Connection, createClientConnection, createServerConnection } from "../connection.js";
import { call, echo, request, Taker } from "../testing/index.js";
import type { ConnectionEnd } from "./connection-handler.js";

// A key that both ends share, so that there is no certificate.
const psk = Buffer.alloc(16, 7);
const ciphers = { ciphers: "PSK-AES128-GCM-SHA256", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

interface Pair {
  readonly server: Connection;
  readonly client: Connection;
  readonly tcp: Socket;
  readonly secure: TLSSocket;
  readonly serverEnd: Promise<ConnectionEnd>;
  readonly clientEnd: Promise<ConnectionEnd>;
}

async function createPair(): Promise<Pair> {
  const listener = createServer({ ...ciphers, pskCallback: () => psk }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "secureConnection");
  const tcp = connectTcp((listener.address() as AddressInfo).port, "127.0.0.1");
  const secure = connect({
    ...ciphers,
    socket: tcp,
    pskCallback: () => ({ psk, identity: "one" }),
    checkServerIdentity: () => undefined,
  });
  const [[socket]] = await Promise.all([accepted, once(secure, "secureConnect")]);
  listener.close();
  const ends: Promise<ConnectionEnd>[] = [];
  const onClose = () => {
    let end: (given: ConnectionEnd) => void = () => {};
    ends.push(
      new Promise((resolve) => {
        end = resolve;
      }),
    );
    return (given: ConnectionEnd) => end(given);
  };
  const server = createServerConnection(socket, { onStream: echo, onClose: onClose() });
  const client = createClientConnection(secure, { onClose: onClose() });
  const [serverEnd, clientEnd] = ends as [Promise<ConnectionEnd>, Promise<ConnectionEnd>];
  return { server, client, tcp, secure, serverEnd, clientEnd };
}

describe("a connection over TLS", () => {
  it("carries large content both ways, and closes after it", async () => {
    const { client, server, serverEnd, clientEnd } = await createPair();
    const content = Buffer.alloc(3_000_000, "tls");
    const answers = [1, 2, 3].map(() => call(client, content).whole);
    await Promise.race(answers);
    server.close();
    for (const answer of await Promise.all(answers)) assert.ok(answer.content.equals(content));
    assert.equal((await serverEnd).by, "local");
    assert.equal((await clientEnd).by, "peer");
  });

  it("ends where the other end closes its side", async () => {
    const { client, secure, serverEnd, clientEnd } = await createPair();
    const taker = new Taker();
    client.open(request, false, taker);
    client.ping(() => secure.end());
    assert.equal((await serverEnd).by, "peer");
    await clientEnd;
    assert.equal((await taker.whole).reset?.cause, "connection");
  });

  it("ends where TCP breaks, once, whatever errors follow", async () => {
    const { client, tcp, serverEnd, clientEnd } = await createPair();
    const taker = call(client, Buffer.alloc(1_000_000));
    await new Promise<void>((resolve) => client.ping(resolve));
    tcp.resetAndDestroy();
    const [ofServer] = await Promise.all([serverEnd, clientEnd]);
    assert.equal(ofServer.by, "network");
    assert.match(ofServer.message, /ECONNRESET/);
    await taker.whole;
    client.ping(() => assert.fail("it is over"));
    client.destroy();
  });
});
