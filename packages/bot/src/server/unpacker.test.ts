import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import { ErrorInfo } from "../gen/google/rpc/status.js";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createUnpacker, unpackedBytes, unpackedMessages } from "./unpacker.js";

const { echo, join, open } = EchoService.methods;
const gzip = { "grpc-encoding": "gzip" };
const message = (reason: string) => Buffer.from(ErrorInfo.encode(ErrorInfo.fromPartial({ reason })).finish());

function framed(content: Uint8Array, compressed = 1): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

describe("compressed messages", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let caller: Identity;
  let session: ClientHttp2Session;
  let authorization: string;
  let received: string[];

  beforeEach(async () => {
    received = [];
    fleet = await createTestFleet();
    server = await serveEcho(fleet, {
      echo(request) {
        received.push(request.reason);
        return request;
      },
      async join(requests) {
        for await (const { reason } of requests) received.push(reason);
        return {};
      },
    });
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    session = rawSession(server.port, shows(caller));
    authorization = `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"])}`;
  });
  afterEach(async () => {
    session.destroy();
    await server.bot.close(0);
  });

  it("are taken with a token, in their order, mixed with others", async () => {
    const body = Buffer.concat([
      framed(gzipSync(message("a"))),
      framed(message("b"), 0),
      framed(gzipSync(message("c".repeat(100_000)))),
      framed(gzipSync(message("d"))),
    ]);
    assert.equal((await rawCall(session, join.path, { authorization, ...gzip }, body)).status, 0);
    assert.deepEqual(received, ["a", "b", "c".repeat(100_000), "d"]);
    const deflated = framed(deflateSync(message("e")));
    const deflate = { authorization, "grpc-encoding": "deflate" };
    assert.equal((await rawCall(session, echo.path, deflate, deflated)).status, 0);
    assert.equal(received.at(-1), "e");
    assert.deepEqual(server.denials, []);
  });

  it("are refused with 12, unpacked by nobody, where no token is needed, with the encodings that are taken", async () => {
    for (const path of [open.path, "/grpc.health.v1.Health/Check"]) {
      for (const encoding of ["gzip", "deflate", "snappy"]) {
        const headers = { "grpc-encoding": encoding };
        // Nothing that could be unpacked: a server that tried would answer 13.
        assert.equal((await rawCall(session, path, headers, framed(Buffer.from("junk")))).status, 12, path);
      }
    }
    assert.deepEqual(new Set(server.denials.map(({ reason }) => reason)), new Set(["ENCODING_REFUSED"]));
    const accepted = await new Promise((resolve) => {
      const stream = session.request({
        ":method": "POST",
        ":path": open.path,
        "content-type": "application/grpc",
        ...gzip,
      });
      stream.once("response", (headers) => resolve(headers["grpc-accept-encoding"])).on("error", () => {});
      stream.end();
    });
    assert.equal(accepted, "identity");
    await server.goodCall();
  });

  it("are refused with 8 where one unpacks to more than a message may be", async () => {
    const bomb = framed(gzipSync(Buffer.alloc(5 * 1024 * 1024)));
    assert.equal((await rawCall(session, echo.path, { authorization, ...gzip }, bomb)).status, 8);
    await server.goodCall();
  });

  it("are refused with 8 where one unpacks to more than a request of its method may be", async () => {
    const bot = await fleet.bot("small/1");
    const small = { ...EchoService, methods: { echo } };
    const { port } = await bot.serve({ port: 0 }, (routes) =>
      routes.add(small, { echo: (request) => request }, { requestBytes: { echo: 100 } }),
    );
    const calls = rawSession(port, shows(caller));
    const status = async (length: number) => {
      const body = framed(gzipSync(message("a".repeat(length))));
      return (await rawCall(calls, echo.path, { authorization, ...gzip }, body)).status;
    };
    assert.deepEqual([await status(98), await status(99)], [0, 8]); // With two bytes of the field's own.
    calls.destroy();
    await bot.close(0);
  });

  it("are refused with 8 past the bounds of one bot, in number and in bytes, and not those of another", async () => {
    const rows = [
      [gzipSync(Buffer.alloc(0)), unpackedMessages.burst],
      [gzipSync(Buffer.alloc(2 ** 22)), unpackedBytes.burst / 2 ** 22],
    ] as const;
    for (const [body, most] of rows) {
      const unpack = createUnpacker();
      const one = () => unpack(body, "gzip", "spiffe://test/a", () => 0, 2 ** 22);
      for (let i = 0; i < most; i++) await one();
      await assert.rejects(one(), { code: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED" });
      await unpack(body, "gzip", "spiffe://test/b", () => 0, 2 ** 22);
    }
  });

  it("are read as little as others where the token is bad", async () => {
    const junk = framed(Buffer.from("junk"));
    assert.equal((await rawCall(session, echo.path, gzip, junk)).status, 16);
    assert.equal((await rawCall(session, echo.path, { authorization, ...gzip }, junk)).status, 13);
  });
});
