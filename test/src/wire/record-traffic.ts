import { once } from "node:events";
import http2 from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createClientConnection, createServerConnection } from "@interlock/wire";
import { echo, request, Taker } from "@interlock/wire/testing";

/** What a peer of another make has sent, frame by frame; that of a client without its preface. */
export interface Traffic {
  readonly ofClient: readonly Buffer[];
  readonly ofServer: readonly Buffer[];
}

const prefaceBytes = 24;

/** Has clients and servers of node:http2 talk to our engine, and keeps what they sent. */
export async function recordTraffic(): Promise<Traffic> {
  return {
    ofClient: framesOf((await recordClient()).subarray(prefaceBytes)),
    ofServer: framesOf(await recordServer()),
  };
}

async function recordClient(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const server = createServer((socket: Socket) => {
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    createServerConnection(socket, { onStream: echo }, { limits: { streamWindowBytes: 4_096 } });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const padded = { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX };
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, padded);
  await once(session, "remoteSettings");
  const ends: Promise<unknown>[] = [];
  for (let i = 0; i < 12; i++) {
    const headers = { ":method": "POST", ":path": `/p${i}`, te: "trailers", "x-long": "v".repeat(i * 200) };
    const stream = session.request(headers, { waitForTrailers: i % 3 === 0, weight: i + 1 });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "1" }));
    stream.on("error", () => {}).resume();
    if (i % 4 === 3) stream.close(http2.constants.NGHTTP2_CANCEL);
    else stream.end(Buffer.alloc(i * 1_500, i));
    ends.push(once(stream, "close"));
    if (i % 5 === 0) session.ping(() => {});
  }
  session.settings({ initialWindowSize: 10_000 });
  await Promise.all(ends);
  session.close();
  await once(session, "close");
  server.close();
  return Buffer.concat(chunks);
}

async function recordServer(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const server = http2.createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.additionalHeaders({ ":status": 103 });
    stream.respond({ ":status": 200, "x-long": "w".repeat(300) }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.pipe(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const connection = createClientConnection(socket, {}, { limits: { streamWindowBytes: 4_096 } });
  const takers = Array.from({ length: 12 }, (_, i) => {
    const taker = new Taker();
    taker.stream = connection.open(request, false, taker);
    taker.stream.sendData(Buffer.alloc(i * 1_500 + 1, i), true);
    return taker.whole;
  });
  await Promise.all(takers);
  connection.close();
  await once(socket, "close");
  server.close();
  return Buffer.concat(chunks);
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const to = at + 9 + bytes.readUIntBE(at, 3);
    frames.push(bytes.subarray(at, to));
    at = to;
  }
  return frames;
}
