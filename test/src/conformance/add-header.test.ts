import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type IncomingHttpHeaders } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, connect as tcpConnect } from "node:net";
import { addAuthorization } from "./add-header.js";

describe("addAuthorization", () => {
  // Node's own HTTP/2 on both ends: a byte too many or too few, or a table that has changed, ends the session.
  it("adds one field to each request, and leaves everything else as it was", async () => {
    const value = `Bearer ${"a.b-c_".repeat(100)}`;
    const seen: { headers: IncomingHttpHeaders; trailers?: IncomingHttpHeaders; bytes: number }[] = [];
    const server = createServer();
    server.on("stream", (stream, headers) => {
      const one: (typeof seen)[number] = { headers, bytes: 0 };
      seen.push(one);
      stream.on("data", (data: Buffer) => {
        one.bytes += data.length;
      });
      stream.on("trailers", (trailers) => {
        one.trailers = trailers;
      });
      stream.on("end", () => {
        stream.respond({ ":status": 200 });
        stream.end();
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const relay = createTcpServer((socket) => {
      const upstream = tcpConnect((server.address() as AddressInfo).port, "127.0.0.1");
      socket.pipe(addAuthorization(value)).pipe(upstream).pipe(socket);
    });
    await once(relay.listen(0, "127.0.0.1"), "listening");
    const session = connect(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`);
    const call = async (headers: Record<string, string>, bytes = 0, trailers?: Record<string, string>) => {
      const stream = session.request({ ":method": "POST", ...headers }, { waitForTrailers: trailers !== undefined });
      if (trailers) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end(Buffer.alloc(bytes));
      stream.resume();
      await once(stream, "close");
    };
    await call({ ":path": "/a", "x-one": "1" });
    await call({ ":path": "/a", "x-one": "1" }, 100_000);
    await call({ ":path": "/b", "x-one": "2" }, 10, { "x-trailer": "3" });
    await call({ ":path": "/long", "x-long": "x~".repeat(12_000) });
    await call({ ":path": "/a", "x-one": "1" });
    session.close();
    relay.close();
    server.close();

    assert.deepEqual(
      seen.map(({ headers, bytes }) => [headers[":path"], headers["x-one"], bytes]),
      [
        ["/a", "1", 0],
        ["/a", "1", 100_000],
        ["/b", "2", 10],
        ["/long", undefined, 0],
        ["/a", "1", 0],
      ],
    );
    assert.deepEqual(
      seen.map(({ headers }) => headers.authorization),
      seen.map(() => value),
    );
    assert.equal(seen[2]?.trailers?.["x-trailer"], "3");
    assert.equal(seen[2]?.trailers?.authorization, undefined);
    assert.equal(seen[3]?.headers["x-long"]?.length, 24_000);
  });
});
