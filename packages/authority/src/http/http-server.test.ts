import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { silentLog, systemClock } from "@interlock/bot";
import { createRecorder, createTrust, type ServerKeyPair } from "@interlock/bot/internal";
import { closeOf } from "@interlock/bot/testing";
import { foreignCa } from "../testing/foreign-ca.js";
import { createHttpServer, type HttpHandler, type HttpServer } from "./http-server.js";

describe("createHttpServer", () => {
  let server: HttpServer;
  let sockets: TLSSocket[];

  async function open(handle: HttpHandler, requestTimeoutMs: number): Promise<void> {
    const ca = await foreignCa("cafe");
    const identity: ServerKeyPair = await ca.issue("spiffe://cafe/interlock/authority");
    const state = { version: 1n, trustDomain: "cafe", issuer: "i", jwks: { keys: [] }, revocations: [] };
    const trust = createTrust({ ...state, caCertificates: [ca.certificate], staleAfterMs: 60_000 });
    const parts = { trust, recorder: createRecorder(), log: silentLog, clock: systemClock, port: 0, requestTimeoutMs };
    server = await createHttpServer(
      { ...parts, identity: { current: () => identity, onChange: () => () => {} } },
      handle,
    );
    sockets = [];
  }
  async function connected(): Promise<TLSSocket> {
    const socket = connect({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false });
    socket.on("error", () => {});
    sockets.push(socket);
    await once(socket, "secureConnect");
    return socket;
  }
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });

  it("ends a client that takes too long over a request, however busy it seems", async () => {
    await open(async (_request, response) => void response.end("ok"), 300);
    const socket = await connected();
    const dribble = setInterval(() => socket.write("x"), 20);
    socket.write("POST /token HTTP/1.1\r\nhost: x\r\nx-pad: ");
    await closeOf(socket.resume()); // A byte may come too late, which is an error.
    clearInterval(dribble);
  });

  it("gives each request on a connection its own time", async () => {
    await open(async (_request, response) => void response.end("ok"), 300);
    const socket = await connected();
    const began = performance.now();
    while (performance.now() - began < 600) {
      socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.match(answer.toString(), /200 OK/);
    }
  });

  it("lets what is under way finish when it closes", async () => {
    let closing: Promise<void> | undefined;
    await open(async (_request, response) => {
      closing = server.close();
      response.end("ok");
    }, 10_000);
    const socket = await connected();
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /200 OK/);
    await closing;
  });
});
