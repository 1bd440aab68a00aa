import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server, sensitiveHeaders } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import fc from "fast-check";
import type { HeaderList } from "../header-list.js";
import { createDecoder, type DecodedBlock } from "./decoder.js";
import { createEncoder, maximumEncodedBytes } from "./encoder.js";
import { decodeAll } from "./helpers.test.js";
import { staticTable } from "./static-table.js";

// HPACK of nghttp2, on which node:http2 stands, against ours. What else of HTTP/2 it takes is written here by hand.

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const kinds = { headers: 1, reset: 3, settings: 4, goAway: 7, continuation: 9 } as const;
const flag = { acknowledgment: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
const headerTableSize = 0x1;

/** One end of a connection: our decoder and our encoder, and frames around them. */
class Endpoint {
  readonly #decoder = createDecoder();
  readonly #encoder = createEncoder();
  readonly #frames: AsyncGenerator<[kind: number, flags: number, stream: number, payload: Buffer]>;
  readonly #socket: Socket;

  constructor(socket: Socket, isServer: boolean) {
    this.#socket = socket;
    this.#frames = readFrames(socket, isServer ? preface.length : 0);
    if (!isServer) socket.write(preface);
    this.#write(kinds.settings, 0, 0);
  }

  /** Sends a header block that ends its stream. */
  send(stream: number, headers: HeaderList): void {
    const out = Buffer.alloc(maximumEncodedBytes(headers));
    const block = out.subarray(0, this.#encoder.encode(headers, out, 0));
    this.#write(kinds.headers, flag.endHeaders | flag.endStream, stream, block);
  }

  /** Allows the other end a dynamic table of this size. */
  allowTable(bytes: number): void {
    const payload = Buffer.alloc(6);
    payload.writeUInt16BE(headerTableSize, 0);
    payload.writeUInt32BE(bytes, 2);
    this.#write(kinds.settings, 0, 0, payload);
  }

  /** Reads up to the next header block. Settings on the way are obeyed and acknowledged. */
  async receive(): Promise<DecodedBlock & { stream: number }> {
    let block = Buffer.alloc(0);
    for (;;) {
      const { value } = await this.#frames.next();
      assert.ok(value, "the connection has ended");
      const [kind, flags, stream, payload] = value;
      assert.ok(kind !== kinds.goAway && kind !== kinds.reset, `a frame of kind ${kind}: ${payload.toString("hex")}`);
      if (kind === kinds.settings && (flags & flag.acknowledgment) === 0) this.#obey(payload);
      if (kind !== kinds.headers && kind !== kinds.continuation) continue;
      assert.equal(flags & flag.padded, 0);
      block = Buffer.concat([block, payload.subarray(kind === kinds.headers && flags & flag.priority ? 5 : 0)]);
      if ((flags & flag.endHeaders) === 0) continue;
      const decoded = decodeAll(this.#decoder, block);
      assert.ok(decoded !== "too-large");
      return { ...decoded, stream };
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #obey(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === headerTableSize) this.#encoder.setTableSize(payload.readUInt32BE(at + 2));
    }
    this.#write(kinds.settings, flag.acknowledgment, 0);
  }

  #write(kind: number, flags: number, stream: number, payload = Buffer.alloc(0)): void {
    const header = Buffer.alloc(9);
    header.writeUIntBE(payload.length, 0, 3);
    header.writeUInt8(kind, 3);
    header.writeUInt8(flags, 4);
    header.writeUInt32BE(stream, 5);
    this.#socket.write(Buffer.concat([header, payload]));
  }
}

async function* readFrames(socket: Socket, skip: number): AsyncGenerator<[number, number, number, Buffer]> {
  let bytes = Buffer.alloc(0);
  let at = skip;
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    for (; bytes.length >= at + 9; at += 9 + bytes.readUIntBE(at, 3)) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      yield [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5), bytes.subarray(at + 9, end)];
    }
  }
}

async function listen(server: Pick<Server, "listen" | "address" | "once">): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  return (server.address() as AddressInfo).port;
}

// Names that HTTP/2 gives a meaning of its own are left out, and so is white space around a value, which it forbids
// (RFC 9113, section 8.2.1). nghttp2 refuses transfer-encoding.
const notTaken = ["content-length", "host", "transfer-encoding"];
const names = [
  ...new Set(staticTable.filter((name, at) => at % 2 === 0 && !name.startsWith(":") && !notTaken.includes(name))),
  ...["grpc-timeout", "grpc-status", "grpc-message", "traceparent", "x-id", "a", "b", "c-bin"],
];
const staticValue = (name: string) => staticTable[staticTable.indexOf(name) + 1] ?? "";
const visible = fc.constantFrom(
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((each) => !/[\0-\x20\x7f]/.test(each)),
);
const value = fc.oneof(
  fc.constantFrom("", "0", "1", "gzip, deflate", "application/grpc", "an inner space"),
  fc.string({ unit: visible, maxLength: 60 }),
  fc.string({ unit: visible, maxLength: 1_500 }),
);
const fields = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 10, noNullPrototype: true });
/** Lists of fields: first those of the static table, then others, some of which come again. */
const calls = [
  ...[0, 15, 30, 45].map((from) =>
    Object.fromEntries(names.slice(from, from + 15).map((name) => [name, staticValue(name)])),
  ),
  ...fc
    .sample(fields, { numRuns: 60, seed: 7541 })
    .flatMap((each, at, all) => [each, each, all[at >> 1], all[at >> 2], all[0], all[1]]),
] as Record<string, string>[];
// What the size of the other end's table becomes with some of the calls.
const tableSizes = new Map([
  [60, 0],
  [90, 100],
  [120, 4096],
  [150, 1000],
  [180, 65_536],
  [210, 0],
  [211, 4096],
  [240, 500],
]);

const pick = (at: number, ...from: string[]) => from[at % from.length] as string;
const startOfRequest = (at: number) => ({
  ":method": pick(at, "GET", "POST", "PUT"),
  ":scheme": pick(at, "https", "http"),
  ":authority": "127.0.0.1",
  ":path": pick(at, "/", "/index.html", `/${at % 40}`),
  ...(at % 2 === 0 ? { host: "127.0.0.1", "content-length": "0" } : {}),
});
const responseTo = (at: number, each: Record<string, string>) => ({
  ":status": pick(at, "200", "204", "206", "304", "400", "404", "500", "503"),
  ...each,
  date: `${at}`,
});

describe("HPACK against nghttp2", () => {
  it("has its requests read by a server of node:http2, and reads the answers", async () => {
    const requests: string[][] = [];
    const server = createHttp2Server({ settings: { headerTableSize: 65_536 } });
    server.on("stream", (stream, ...[, , rawHeaders]: unknown[]) => {
      const at = requests.push(rawHeaders as string[]) - 1;
      const size = tableSizes.get(at);
      if (size !== undefined) stream.session?.settings({ headerTableSize: size });
      stream.respond(responseTo(at, calls[at] ?? {}), { endStream: true });
    });
    const client = new Endpoint(connect(await listen(server), "127.0.0.1"), false);
    try {
      for (const [at, each] of calls.entries()) {
        const request = Object.entries({ ...startOfRequest(at), ...each }).flat();
        client.send(1 + at * 2, request);
        const { headers } = await client.receive();
        assert.deepEqual(requests[at], request);
        assert.deepEqual(headers, Object.entries(responseTo(at, each)).flat());
      }
    } finally {
      client.close();
      server.close();
    }
  });

  it("reads the requests of a client of node:http2, and has its answers read", async () => {
    const server = createServer();
    const port = await listen(server);
    const client = connectHttp2(`http://127.0.0.1:${port}`, { settings: { headerTableSize: 65_536 } });
    const [socket] = (await once(server, "connection")) as [Socket];
    const endpoint = new Endpoint(socket, true);
    try {
      for (const [at, each] of calls.entries()) {
        const sensitive = Object.keys(each).slice(0, at % 3);
        const sent = { ...startOfRequest(at), ...each };
        const request = client.request({ ...sent, [sensitiveHeaders]: sensitive }, { endStream: true });
        const { headers, neverIndexed, stream } = await endpoint.receive();
        assert.deepEqual(headers, Object.entries(sent).flat());
        for (const name of sensitive) assert.ok(neverIndexed?.has(name), name);
        const size = tableSizes.get(at);
        if (size !== undefined) {
          endpoint.allowTable(size);
          client.settings({ headerTableSize: size });
        }
        const response = responseTo(at, each);
        endpoint.send(stream, Object.entries(response).flat());
        const [, , raw] = (await once(request, "response")) as [unknown, unknown, string[]];
        assert.deepEqual(raw, Object.entries(response).flat());
        request.resume();
      }
    } finally {
      client.destroy();
      endpoint.close();
      server.close();
    }
  });
});
