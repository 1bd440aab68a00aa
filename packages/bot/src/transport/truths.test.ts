import assert from "node:assert/strict";
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import { Metadata, status } from "@grpc/grpc-js";
import { bytes, framed, type TransportPeers, transportPeers, unary } from "../testing/transport-peers.js";

const ok = { ":status": 200, "content-type": "application/grpc" };
const message = framed(Buffer.from("x"));

// Node's own server ends a stream before it resets it.
const resets: Readonly<Record<number, status>> = {
  [constants.NGHTTP2_NO_ERROR]: status.INTERNAL,
  [constants.NGHTTP2_PROTOCOL_ERROR]: status.INTERNAL,
  [constants.NGHTTP2_INTERNAL_ERROR]: status.INTERNAL,
  [constants.NGHTTP2_REFUSED_STREAM]: status.UNAVAILABLE,
  [constants.NGHTTP2_CANCEL]: status.CANCELLED,
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: status.RESOURCE_EXHAUSTED,
  [constants.NGHTTP2_INADEQUATE_SECURITY]: status.PERMISSION_DENIED,
  99: status.INTERNAL,
};

/** Answers with a head, content and trailers. */
const answer =
  (head: OutgoingHttpHeaders, content: readonly Buffer[], trailers?: OutgoingHttpHeaders) =>
  (stream: ServerHttp2Stream) => {
    stream.respond(head, { waitForTrailers: trailers !== undefined });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers as OutgoingHttpHeaders));
    for (const part of content) stream.write(part);
    stream.end();
  };
const only = (head: OutgoingHttpHeaders) => (stream: ServerHttp2Stream) => stream.respond(head, { endStream: true });
const encoded = (encoding: string, content: Buffer) =>
  answer({ ...ok, "grpc-encoding": encoding }, [framed(content, 1)], { "grpc-status": "0" });
const good = { "grpc-status": "0" };

interface Truth {
  readonly serve: (stream: ServerHttp2Stream) => void;
  readonly code: status;
  readonly details?: string | RegExp;
  /** The messages that a reader of a stream gets before the end. */
  readonly messages: readonly string[];
}

// What the protocol says of an answer, by the answer: PROTOCOL-HTTP2, http-grpc-status-mapping.md, compression.md, statuscodes.md.
const truths: Readonly<Record<string, Truth>> = {
  "an answer": { serve: answer(ok, [message], good), code: status.OK, messages: ["x"] },
  "a message in pieces": {
    serve: answer(ok, [message.subarray(0, 2), message.subarray(2)], good),
    code: status.OK,
    messages: ["x"],
  },
  "Trailers-Only": {
    serve: only({ ...ok, "grpc-status": "5", "grpc-message": "50%25 %E2%82%AC %zz" }),
    code: status.NOT_FOUND,
    details: "50% € %zz",
    messages: [],
  },
  "Trailers-Only under an HTTP status of its own": {
    serve: only({ ...ok, ":status": 503, "grpc-status": "5" }),
    code: status.NOT_FOUND,
    messages: [],
  },
  "an error after messages": {
    serve: answer(ok, [message, message], { "grpc-status": "9", "grpc-message": "late" }),
    code: status.FAILED_PRECONDITION,
    details: "late",
    messages: ["x", "x"],
  },
  "a status that there is not": {
    serve: answer(ok, [message], { "grpc-status": "99" }),
    code: status.UNKNOWN,
    messages: ["x"],
  },
  "trailers without a status": {
    serve: answer(ok, [message], { x: "1" }),
    code: status.UNKNOWN,
    details: "No status information received",
    messages: ["x"],
  },
  "an end without trailers": {
    serve: answer(ok, [message]),
    code: status.INTERNAL,
    details: /Call ended without gRPC status/,
    messages: ["x"],
  },
  "a head that is the end, and no status": { serve: only(ok), code: status.UNKNOWN, messages: [] },
  "a message that is cut in half": {
    serve: answer(ok, [message, message.subarray(0, 5)], good),
    code: status.INTERNAL,
    details: /cut off/,
    messages: ["x"],
  },
  "a prefix that is cut in half": {
    serve: answer(ok, [message, message.subarray(0, 3)], good),
    code: status.INTERNAL,
    details: /cut off/,
    messages: ["x"],
  },
  "half a message and the server's own error": {
    serve: answer(ok, [message.subarray(0, 5)], { "grpc-status": "15", "grpc-message": "lost" }),
    code: status.DATA_LOSS,
    details: "lost",
    messages: [],
  },
  "a flag of a message that there is not": {
    serve: answer(ok, [message, framed(Buffer.from("x"), 2)], good),
    code: status.INTERNAL,
    details: /compressed flag 2/,
    messages: ["x"],
  },
  "a message that is too large": {
    serve: answer(ok, [message, Buffer.from([0, 0, 64, 0, 1])], good),
    code: status.RESOURCE_EXHAUSTED,
    details: /larger than max/,
    messages: ["x"],
  },
  "a compressed message under identity": {
    serve: answer(ok, [message, framed(gzipSync("x"), 1)], good),
    code: status.INTERNAL,
    details: /"grpc-encoding" header was identity/,
    messages: ["x"],
  },
  "a message in gzip": { serve: encoded("gzip", gzipSync("packed")), code: status.OK, messages: ["packed"] },
  "a message in deflate": { serve: encoded("deflate", deflateSync("packed")), code: status.OK, messages: ["packed"] },
  "a message that is not of its encoding": {
    serve: encoded("gzip", Buffer.from("packed")),
    code: status.INTERNAL,
    messages: [],
  },
  "a message of an unknown encoding": {
    serve: encoded("snappy", Buffer.from("packed")),
    code: status.INTERNAL,
    details: /unsupported encoding "snappy"/,
    messages: [],
  },
  "a message that becomes too large": {
    serve: encoded("gzip", gzipSync(Buffer.alloc(4 * 1024 * 1024 + 1))),
    code: status.RESOURCE_EXHAUSTED,
    details: /decompresses to a size larger/,
    messages: [],
  },
  "a page of HTML": {
    serve: answer({ ":status": 200, "content-type": "text/html" }, [Buffer.from("<html>")]),
    code: status.UNKNOWN,
    details: /text\/html/,
    messages: [],
  },
  "no content-type": { serve: answer({ ":status": 200 }, [message], good), code: status.UNKNOWN, messages: [] },
  "another codec": {
    serve: answer({ ...ok, "content-type": "application/grpc+json" }, [message], good),
    code: status.INTERNAL,
    messages: [],
  },
  "the codec by its name": {
    serve: answer({ ...ok, "content-type": "application/grpc+proto" }, [message], good),
    code: status.OK,
    messages: ["x"],
  },
  ...Object.fromEntries(
    (
      [
        [400, status.INTERNAL],
        [401, status.UNAUTHENTICATED],
        [403, status.PERMISSION_DENIED],
        [404, status.UNIMPLEMENTED],
        [429, status.UNAVAILABLE],
        [502, status.UNAVAILABLE],
        [503, status.UNAVAILABLE],
        [504, status.UNAVAILABLE],
        [500, status.UNKNOWN],
      ] as const
    ).map(([http, code]) => [
      `the HTTP status ${http}`,
      {
        serve: answer({ ":status": http, "content-type": "text/html" }, [Buffer.from("<html>")]),
        code,
        details: `Received HTTP status code ${http}`,
        messages: [],
      },
    ]),
  ),
};

describe("what a server answers, and what the caller is told of it:", () => {
  let peers: TransportPeers;
  before(async () => {
    peers = await transportPeers();
  });
  afterEach(() => peers.close());

  async function readAll(address: string): Promise<{ read: string[]; end: { code: status; details: string } }> {
    const { client } = peers.wireClient(address);
    const read: string[] = [];
    const call = client.makeServerStreamRequest("/test/x", bytes, bytes, Buffer.alloc(0), new Metadata(), {});
    call.on("data", (one: Buffer) => read.push(one.toString())).on("error", () => {});
    return { read, end: await new Promise((resolve) => call.on("status", resolve)) };
  }

  for (const [name, { serve, code, details, messages }] of Object.entries(truths)) {
    it(name, async () => {
      const { address } = await peers.rawServer(serve);
      const { read, end } = await readAll(address);
      assert.equal(status[end.code], status[code], end.details);
      if (typeof details === "string") assert.equal(end.details, details);
      else if (details) assert.match(end.details, details);
      assert.deepEqual(read, messages);
    });
  }

  for (const [code, expected] of Object.entries(resets)) {
    it(`a reset of code ${code} after a message`, async () => {
      const address = await peers.wireServer((stream) => {
        stream.sendHeaders([":status", "200", "content-type", "application/grpc"], false);
        stream.sendMessage(0, Buffer.from("x"), false);
        stream.reset(Number(code));
      });
      const { read, end } = await readAll(address);
      assert.deepEqual([status[end.code], read], [status[expected], ["x"]], end.details);
    });
  }

  it("one message too many, and one too few, where there has to be one", async () => {
    const { address } = await peers.rawServer((stream) => answer(ok, [message, message], good)(stream));
    const { client } = peers.wireClient(address);
    const many = await unary(client);
    assert.deepEqual([many.error?.code, many.error?.details], [status.UNIMPLEMENTED, "Too many responses received"]);
    const none = await peers.rawServer(answer(ok, [], good));
    const few = await unary(peers.wireClient(none.address).client);
    assert.deepEqual([few.error?.code, few.error?.details], [status.UNIMPLEMENTED, "No message received"]);
  });

  it("one message, and an error after it: the error counts", async () => {
    const { address } = await peers.rawServer(answer(ok, [message], { "grpc-status": "10" }));
    assert.equal((await unary(peers.wireClient(address).client)).error?.code, status.ABORTED);
  });
});
