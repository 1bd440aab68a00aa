import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { connectTo, serve } from "@interlock/wire/testing";
import { callMany, echoMessages } from "./grpc-echo.js";

const calls = 100_000;

// No bound may meet an honest peer, however long its connection lives.
describe(`${calls} calls on one connection`, function () {
  this.timeout(180_000);

  it("of a client of node:http2 are served", async () => {
    const server = await serve(echoMessages);
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), Buffer.alloc(100)]);
    const call = () =>
      new Promise<void>((resolve, reject) => {
        const stream = session.request({ ":method": "POST", ":path": "/echo.Echo/Unary", te: "trailers" });
        let bytes = 0;
        stream.on("data", (piece: Buffer) => {
          bytes += piece.length;
        });
        stream.on("error", reject);
        stream.on("end", () => (bytes === message.length ? resolve() : reject(new Error(`${bytes} bytes`))));
        stream.end(message);
      });
    const lane = async () => {
      for (let i = 0; i < calls / 16; i++) await call();
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    session.close();
    const [end] = await server.ended();
    assert.equal(end?.by, "peer");
    assert.equal(server.ends.length, 1);
    await server.close();
  });

  it("are answered by a server of node:http2", async () => {
    const server = http2.createServer();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.pipe(stream);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = await connectTo((server.address() as AddressInfo).port);
    await callMany(client.connection, calls);
    assert.ok(!client.connection.ending);
    client.connection.close();
    assert.equal((await client.ended).by, "local");
    server.close();
  });
});
