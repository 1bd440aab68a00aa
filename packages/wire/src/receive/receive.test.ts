import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Connection, createClientConnection } from "../connection.js";
import { errorCode } from "../frame/error-code.js";
import { flag, frameType, maximumInteger, setting } from "../frame/kinds.js";
import { createDecoder, type DecodedBlock } from "../hpack/decoder.js";
import type { ConnectionEnd } from "../session/connection-handler.js";
import { nobody } from "../stream/stream.js";
import {
  answering,
  block,
  call,
  data,
  echo,
  frame,
  goAway,
  headers,
  hello,
  type LoopbackServer,
  nameOf,
  ping,
  type RawFrame,
  RawPeer,
  request,
  rstStream,
  serve,
  settings,
  settingsAck,
  Taker,
  wholeRequest,
  windowUpdate,
  words,
} from "../testing/index.js";

type Code = keyof typeof errorCode;
type Rows = Readonly<Record<string, readonly [section: string, code: Code, ...frames: readonly Buffer[]]>>;

const x = Buffer.from("x");
const push = frame(frameType.pushPromise, flag.endHeaders, 1, Buffer.concat([words(2), block(request)]));
const depends = (on: number) => Buffer.concat([words(on), Buffer.from([1])]);

/** What ends the connection of a client that does it. */
const ofClients: Rows = {
  "DATA of stream 0": ["6.1", "protocolError", data(0, x)],
  "DATA of an idle stream": ["5.1", "protocolError", data(1, x)],
  "DATA of a stream of the server": ["5.1", "protocolError", data(2, x)],
  "DATA with too much padding": ["6.1", "protocolError", headers(1), frame(0, flag.padded, 1, Buffer.from([2, 0]))],
  "DATA with a padding that is not there": ["6.1", "protocolError", headers(1), frame(0, flag.padded, 1)],
  "HEADERS of stream 0": ["6.2", "protocolError", headers(0)],
  "HEADERS of a stream of the server": ["5.1.1", "protocolError", headers(2)],
  "HEADERS of a lower id": ["5.1.1", "streamClosed", headers(5), headers(3)],
  "HEADERS without their priority": ["6.2", "frameSizeError", frame(1, flag.endHeaders | flag.priority, 1, words(0))],
  "HEADERS that depend on themselves": [
    "5.3.1",
    "protocolError",
    frame(1, flag.endHeaders | flag.priority, 1, Buffer.concat([depends(1), block(request)])),
  ],
  "HEADERS that cannot be decoded": ["4.3", "compressionError", frame(1, flag.endHeaders, 1, Buffer.from([0x80]))],
  "a frame within a header block": ["4.3", "protocolError", headers(1, request, 0), ping()],
  "a header block within another": ["4.3", "protocolError", headers(1, request, 0), headers(3)],
  "DATA of the same stream within a header block": [
    "4.3",
    "protocolError",
    headers(1),
    headers(1, ["a", "b"], flag.endStream),
    data(1, x),
  ],
  "CONTINUATION of another stream": ["6.10", "protocolError", headers(1, request, 0), frame(9, flag.endHeaders, 3)],
  "CONTINUATION without HEADERS": ["6.10", "protocolError", headers(1), frame(9, flag.endHeaders, 1)],
  "PRIORITY of stream 0": ["6.3", "protocolError", frame(2, 0, 0, depends(1))],
  "PRIORITY of a wrong length": ["6.3", "frameSizeError", frame(2, 0, 1, words(1))],
  "PRIORITY on itself": ["5.3.1", "protocolError", frame(2, 0, 1, depends(1))],
  "RST_STREAM of stream 0": ["6.4", "protocolError", rstStream(0, 8)],
  "RST_STREAM of an idle stream": ["6.4", "protocolError", rstStream(1, 8)],
  "RST_STREAM of a wrong length": ["6.4", "frameSizeError", headers(1), frame(3, 0, 1, x)],
  "SETTINGS of a stream": ["6.5", "protocolError", frame(4, 0, 1)],
  "SETTINGS of a wrong length": ["6.5", "frameSizeError", frame(4, 0, 0, words(1))],
  "an acknowledgment with settings": ["6.5", "frameSizeError", frame(4, flag.ack, 0, Buffer.alloc(6))],
  "ENABLE_PUSH of 2": ["6.5.2", "protocolError", settings([setting.enablePush, 2])],
  "a window of 2^31": ["6.5.2", "flowControlError", settings([setting.initialWindowSize, 2 ** 31])],
  "a frame size below 2^14": ["6.5.2", "protocolError", settings([setting.maxFrameSize, 16_383])],
  "a frame size of 2^24": ["6.5.2", "protocolError", settings([setting.maxFrameSize, 2 ** 24])],
  "settings that make a window too large": [
    "6.9.2",
    "flowControlError",
    headers(1),
    windowUpdate(1, maximumInteger - 65_535),
    settings([setting.initialWindowSize, 65_536]),
  ],
  PUSH_PROMISE: ["8.4", "protocolError", headers(1), push],
  "PING of a stream": ["6.7", "protocolError", frame(6, 0, 1, Buffer.alloc(8))],
  "PING of a wrong length": ["6.7", "frameSizeError", frame(6, 0, 0, Buffer.alloc(7))],
  "GOAWAY of a stream": ["6.8", "protocolError", frame(7, 0, 1, words(0, 0))],
  "GOAWAY of a wrong length": ["6.8", "frameSizeError", frame(7, 0, 0, words(0))],
  "WINDOW_UPDATE of a wrong length": ["6.9", "frameSizeError", frame(8, 0, 0, x)],
  "WINDOW_UPDATE of 0 for the connection": ["6.9", "protocolError", windowUpdate(0, 0)],
  "WINDOW_UPDATE of an idle stream": ["6.9", "protocolError", windowUpdate(1, 1)],
  "a window of the connection beyond 2^31 - 1": ["6.9.1", "flowControlError", windowUpdate(0, maximumInteger)],
  "a frame that is too long": ["4.2", "frameSizeError", frame(0, 0, 1, Buffer.alloc(16_385))],
};

/** What ends the connection to a server that does it, after a request. */
const ofServers: Rows = {
  "DATA of an idle stream": ["5.1", "protocolError", data(3, x)],
  "HEADERS of an idle stream": ["5.1", "protocolError", headers(3, [":status", "200"])],
  "HEADERS of a stream of the server": ["5.1", "protocolError", headers(2, [":status", "200"])],
  PUSH_PROMISE: ["8.4", "protocolError", push],
  "ENABLE_PUSH of 1": ["6.5.2", "protocolError", settings([setting.enablePush, 1])],
  "RST_STREAM of an idle stream": ["6.4", "protocolError", rstStream(3, 8)],
};

/** What ends a stream of a client that does it, and nothing else. */
const ofStreams: Rows = {
  "a malformed request": ["8.1.1", "protocolError", headers(1, ["x", "y"])],
  "DATA after its end": ["5.1", "streamClosed", wholeRequest(1), data(1, x)],
  "HEADERS after its end": ["5.1", "streamClosed", wholeRequest(1), wholeRequest(1)],
  "header lists that are no trailers": ["8.1", "protocolError", headers(1), headers(1, ["a", "b"])],
  "malformed trailers": ["8.1", "protocolError", headers(1), wholeRequest(1, [":path", "/"])],
  "more content than it said": [
    "8.1.1",
    "protocolError",
    headers(1, [...request, "content-length", "1"]),
    data(1, Buffer.alloc(2)),
  ],
  "content where it said that there is none": [
    "8.1.1",
    "protocolError",
    headers(1, [...request, "content-length", "0"]),
    data(1, x),
  ],
  "content behind all that it said": [
    "8.1.1",
    "protocolError",
    headers(1, [...request, "content-length", "1"]),
    data(1, x),
    data(1, x),
  ],
  "less content than it said": [
    "8.1.1",
    "protocolError",
    headers(1, [...request, "content-length", "2"]),
    data(1, x, true),
  ],
  "less content than it said, before trailers": [
    "8.1.1",
    "protocolError",
    headers(1, [...request, "content-length", "2"]),
    data(1, x),
    wholeRequest(1, ["a", "b"]),
  ],
  "no content where it said some": ["8.1.1", "protocolError", wholeRequest(1, [...request, "content-length", "2"])],
  "two lengths": ["8.1.1", "protocolError", headers(1, [...request, "content-length", "1", "content-length", "1"])],
  "WINDOW_UPDATE of 0": ["6.9", "protocolError", headers(1), windowUpdate(1, 0)],
  "a window beyond 2^31 - 1": ["6.9.1", "flowControlError", headers(1), windowUpdate(1, maximumInteger)],
  "PRIORITY of a wrong length": ["6.3", "frameSizeError", headers(1), frame(2, 0, 1, words(1))],
  "PRIORITY on itself": ["5.3.1", "protocolError", headers(1), frame(2, 0, 1, depends(1))],
  "trailers that are too large": [
    "10.5.1",
    "enhanceYourCalm",
    headers(1),
    headers(1, ["a", "b".repeat(9_000)], flag.endHeaders | flag.endStream),
  ],
};

/** What is taken without a fault, and how the request is answered. */
const sound: Readonly<Record<string, readonly Buffer[]>> = {
  "an unknown frame": [frame(99, 255, 1, x), wholeRequest(1)],
  "unknown flags": [frame(6, 0xf0, 0, Buffer.alloc(8)), headers(1, request, 0xd0 | 0x05)],
  "unknown settings": [settings([0xf000, 1]), wholeRequest(1)],
  "a padded request, with priority": [
    frame(1, 0x2d, 1, Buffer.concat([Buffer.from([2]), depends(3), block(request), Buffer.alloc(2)])),
  ],
  "a header block in many parts": [
    frame(1, flag.endStream, 1, block(request).subarray(0, 5)),
    frame(9, 0, 1),
    frame(9, flag.endHeaders, 1, block(request).subarray(5)),
  ],
  "PRIORITY of an idle and of a closed stream": [
    frame(2, 0, 7, depends(1)),
    wholeRequest(1),
    frame(2, 0, 1, depends(3)),
  ],
  "WINDOW_UPDATE and RST_STREAM of a closed stream": [
    wholeRequest(1),
    headers(3),
    rstStream(3, 8),
    windowUpdate(3, 1),
    rstStream(3, 8),
  ],
  "an acknowledgment of settings that were not sent": [settingsAck, settingsAck, wholeRequest(1)],
  "a GOAWAY, after which it goes on": [headers(1), goAway(0, 0), data(1, Buffer.alloc(0), true)],
  "content as long as it said, with trailers": [
    headers(1, [...request, "content-length", "2"]),
    data(1, x),
    data(1, x),
    wholeRequest(1, ["a", "b"]),
  ],
  "content as long as it said": [headers(1, [...request, "content-length", "2"]), data(1, x), data(1, x, true)],
  "settings at their bounds": [
    settings([setting.initialWindowSize, maximumInteger], [setting.enablePush, 0], [setting.enablePush, 1]),
    settings([setting.maxFrameSize, 2 ** 14], [setting.maxFrameSize, 2 ** 24 - 1]),
    settings([setting.maxHeaderListSize, 2 ** 32 - 1], [setting.maxConcurrentStreams, 2 ** 32 - 1]),
    wholeRequest(1),
  ],
  "a header block whose first part is empty, with a priority": [
    frame(1, flag.endStream | flag.priority, 1, depends(3)),
    frame(9, flag.endHeaders, 1, block(request)),
  ],
  "the reserved bits of stream and increment": [
    headers(1),
    windowUpdate(0x8000_0001, 0x8000_0001),
    data(0x8000_0001, x, true),
  ],
};

describe("frames", () => {
  const servers: { close(): unknown }[] = [];
  const peers: RawPeer[] = [];
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.destroy();
    for (const server of servers.splice(0)) await server.close();
  });

  async function asClient(...args: Parameters<typeof serve>): Promise<{ peer: RawPeer; server: LoopbackServer }> {
    const server = await serve(...args);
    servers.push(server);
    const peer = await RawPeer.connect(server.port);
    peers.push(peer);
    peer.send(hello);
    return { peer, server };
  }

  async function asServer(): Promise<{ peer: RawPeer; connection: Connection; ended: Promise<ConnectionEnd> }> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
    const comes = once(server, "connection");
    const { connect } = await import("node:net");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let end: (given: ConnectionEnd) => void = () => {};
    const ended = new Promise<ConnectionEnd>((resolve) => {
      end = resolve;
    });
    const connection = createClientConnection(socket, { onClose: end });
    const [accepted] = await comes;
    // The preface is no frame.
    await once(accepted, "readable");
    accepted.read(24);
    const peer = new RawPeer(accepted);
    peers.push(peer);
    return { peer, connection, ended };
  }

  const codeOf = ({ payload }: RawFrame) => nameOf(payload.readUInt32BE());

  for (const [what, [section, code, ...frames]] of Object.entries(ofClients)) {
    it(`end the connection of a client: ${what} (RFC 9113, section ${section})`, async () => {
      const { peer, server } = await asClient(() => ({ onHeaders() {}, onData() {}, onReset() {}, onRoom() {} }));
      peer.send(...frames);
      assert.equal(nameOf((await peer.ended).code), code);
      const [end] = await server.ended();
      assert.equal(end?.by, "fault");
      assert.equal(nameOf(end?.code), code);
      assert.ok(end?.message, "it says what was wrong");
    });
  }

  it("end the connection of a client: a first frame that is not SETTINGS (RFC 9113, section 3.4)", async () => {
    for (const first of [ping(), settingsAck, headers(1)]) {
      const server = await serve(echo);
      servers.push(server);
      const peer = await RawPeer.connect(server.port);
      peer.send(hello.subarray(0, 24), first);
      const { code, text } = await peer.ended;
      assert.equal(nameOf(code), "protocolError");
      assert.equal(text, "the first frame is not SETTINGS");
    }
  });

  for (const [what, [section, code, ...frames]] of Object.entries(ofServers)) {
    it(`end the connection to a server: ${what} (RFC 9113, section ${section})`, async () => {
      const { peer, connection, ended } = await asServer();
      const taker = call(connection);
      peer.send(settings(), ...frames);
      const end = await ended;
      assert.equal(nameOf(end.code), code);
      assert.equal(end.by, "fault");
      assert.ok(end.message, "it says what was wrong");
      assert.equal((await taker.whole).reset?.cause, "connection");
    });
  }

  for (const [what, [section, code, ...frames]] of Object.entries(ofStreams)) {
    it(`end a stream, and nothing else: ${what} (RFC 9113, section ${section})`, async () => {
      const resets: string[] = [];
      const { peer } = await asClient(
        (stream, block, end) => {
          if (stream.id !== 1) return echo(stream, block, end);
          return { onHeaders() {}, onData() {}, onReset: ({ cause }) => resets.push(cause), onRoom() {} };
        },
        { limits: { headerListBytes: 9_000 } },
      );
      peer.send(...frames, wholeRequest(3));
      assert.equal(codeOf(await peer.nextOf(frameType.rstStream, 1)), code);
      await peer.nextOf(frameType.headers, 3);
      assert.ok(resets.every((cause) => cause === "fault"));
      assert.equal(peer.counts[frameType.goaway], undefined);
    });
  }

  for (const [what, frames] of Object.entries(sound)) {
    it(`are taken: ${what}`, async () => {
      const { peer } = await asClient(answering(Buffer.from("well")));
      const alive = Buffer.from("alive at");
      peer.send(...frames, ping(alive));
      assert.equal((await peer.nextOf(frameType.data, 1)).payload.toString(), "well");
      const answered = peer.next(({ type, payload }) => type === frameType.ping && payload.equals(alive));
      // After a GOAWAY of the client, the connection ends with its last stream.
      const end = await Promise.race([answered.then(() => undefined).catch(() => peer.ended), peer.ended]);
      assert.equal(end?.code ?? errorCode.noError, errorCode.noError);
      assert.equal(peer.counts[frameType.rstStream], undefined);
    });
  }

  it("of a stream that was reset here are ignored for a while, with their header blocks, up to the end", async () => {
    const { peer } = await asClient((stream, block, end) => {
      if (stream.id !== 1) return echo(stream, block, end);
      stream.reset(errorCode.cancel);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    });
    const trailers = frame(1, 5, 1, Buffer.concat([Buffer.from([0x40, 1]), x, Buffer.from([1]), x]));
    peer.send(headers(1), data(1, Buffer.alloc(1_000)), headers(1, ["a", "b"]), data(1, x), trailers);
    // The field of the ignored block is in the table.
    peer.send(frame(1, 5, 3, Buffer.concat([block(request), Buffer.from([0xbe])])));
    await peer.nextOf(frameType.headers, 3);
    assert.equal(peer.counts[frameType.rstStream], 1);
    peer.send(data(1, x, true));
    assert.equal(
      codeOf(await peer.next(({ type, payload }) => type === 3 && payload.readUInt32BE() === 5)),
      "streamClosed",
    );
  });

  it("of streams that a client has reset and forgotten do no harm", async () => {
    const { peer, connection } = await asServer();
    peer.send(settings([setting.maxConcurrentStreams, 10_000]));
    await peer.nextOf(frameType.settings); // Not the acknowledgment alone: the settings of the client come first.
    await peer.next(({ type, flags }) => type === frameType.settings && flags === flag.ack);
    const streams = Array.from({ length: 3_000 }, () => call(connection).stream);
    for (const stream of streams) stream?.reset(errorCode.cancel);
    const kept = call(connection);
    await peer.nextOf(frameType.headers, 6_001);
    for (let id = 1; id < 6_000; id += 2) {
      peer.send(headers(id, [":status", "200"]), data(id, x), headers(id, ["grpc-status", "0"], 5));
    }
    peer.send(headers(6_001, [":status", "200"]), data(6_001, x, true));
    assert.equal((await kept.whole).content.toString(), "x");
  });

  it("give back the window of the connection for streams that are over, and for padding", async () => {
    const { peer } = await asClient((stream, block, end) => {
      if (stream.id !== 1) return echo(stream, block, end);
      stream.reset(errorCode.cancel);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    });
    peer.send(headers(1));
    let given = 65_535;
    const full = Buffer.alloc(16_384);
    for (let sent = 0; sent < 20_000_000; sent += full.length) {
      while (given < full.length) {
        const { payload } = await peer.nextOf(frameType.windowUpdate, 0);
        given += payload.readUInt32BE();
      }
      given -= full.length;
      await peer.sendAll(data(1, full));
    }
    peer.send(headers(3), data(3, x, true));
    assert.equal((await peer.nextOf(frameType.data, 3)).payload.toString(), "x");
  });

  it("give the window of a stream back when the content has been dealt with, not before", async () => {
    let credit: (() => void) | undefined;
    const { peer } = await asClient(
      (stream) => ({
        onHeaders() {},
        onData: () => {
          credit = () => stream.consumed(16_384);
        },
        onReset() {},
        onRoom() {},
      }),
      { limits: { streamWindowBytes: 70_000 } },
    );
    peer.send(settingsAck, headers(1));
    for (let i = 0; i < 4; i++) peer.send(data(1, Buffer.alloc(16_384)));
    peer.send(ping(Buffer.from("all read")));
    await peer.nextOf(frameType.ping);
    assert.ok(!peer.frames.some(({ type, streamId }) => type === frameType.windowUpdate && streamId === 1));
    for (let i = 0; i < 4; i++) credit?.();
    assert.equal((await peer.nextOf(frameType.windowUpdate, 1)).payload.readUInt32BE(), 49_152);
    // 4,464 + 49,152 are left.
    for (let i = 0; i < 4; i++) peer.send(data(1, Buffer.alloc(16_384)));
    assert.equal(codeOf(await peer.nextOf(frameType.rstStream, 1)), "flowControlError");
  });

  it("give the window of a stream back for padding at once", async () => {
    const { peer } = await asClient(() => ({ onHeaders() {}, onData() {}, onReset() {}, onRoom() {} }), {
      limits: { streamWindowBytes: 1_000 },
    });
    const padded = frame(0, flag.padded, 1, Buffer.concat([Buffer.from([200]), x, Buffer.alloc(200)]));
    peer.send(settingsAck, headers(1), data(1, x), padded, padded, padded, ping());
    await peer.nextOf(frameType.ping);
    const given = peer.frames.filter(({ type, streamId }) => type === frameType.windowUpdate && streamId === 1);
    assert.deepEqual(
      given.map(({ payload }) => payload.readUInt32BE()),
      [3 * 201],
    );
  });

  it("tell nothing to a handler whose stream was answered and reset before the handler was known", async () => {
    const heard: string[] = [];
    const { peer } = await asClient((stream) => {
      stream.sendData(Buffer.from("answer"), true);
      stream.reset(errorCode.noError);
      return {
        onHeaders: () => heard.push("headers"),
        onData: (bytes) => heard.push(bytes.toString()),
        onReset: () => heard.push("reset"),
        onRoom: () => heard.push("room"),
      };
    });
    peer.send(settings([setting.initialWindowSize, 0]), headers(1), data(1, x), windowUpdate(1, 10));
    assert.equal((await peer.nextOf(frameType.data, 1)).payload.toString(), "answer");
    assert.equal(codeOf(await peer.nextOf(frameType.rstStream, 1)), "noError");
    assert.deepEqual(heard, []);
  });

  it("of a window let go what waits in its stream, as much as it allows", async () => {
    const { peer } = await asClient(answering(Buffer.from("0123456789")));
    peer.send(settings([setting.initialWindowSize, 0]), wholeRequest(1), windowUpdate(1, 4));
    assert.equal((await peer.nextOf(frameType.data, 1)).payload.toString(), "0123");
    peer.send(windowUpdate(1, 6));
    const { payload, flags } = await peer.nextOf(frameType.data, 1);
    assert.deepEqual([payload.toString(), flags], ["456789", flag.endStream]);
  });

  it("of a header block in parts leave its stream open where they do not end it", async () => {
    const { peer } = await asClient(echo);
    const bytes = block(request);
    peer.send(frame(1, 0, 1, bytes.subarray(0, 5)), frame(9, flag.endHeaders, 1, bytes.subarray(5)), data(1, x, true));
    assert.equal((await peer.nextOf(frameType.data, 1)).payload.toString(), "x");
    assert.equal(peer.counts[frameType.rstStream], undefined);
  });

  it("keep to the window of the connection", async () => {
    const { peer } = await asClient(() => ({ onHeaders() {}, onData() {}, onReset() {}, onRoom() {} }), {
      limits: { connectionWindowBytes: 65_535 },
    });
    const first = await peer.nextOf(frameType.settings);
    assert.ok(first);
    assert.ok(!peer.frames.some(({ type }) => type === frameType.windowUpdate), "an increment of 0");
    peer.send(headers(1));
    peer.send(data(1, Buffer.alloc(16_384)), data(1, Buffer.alloc(16_384)));
    assert.equal((await peer.nextOf(frameType.windowUpdate, 0)).payload.readUInt32BE(), 32_768);
  });

  it("of a request that is too large come without their list, and the next ones are decoded", async () => {
    const seen: (DecodedBlock | undefined)[] = [];
    const { peer } = await asClient(
      (stream, block, end) => {
        seen.push(block);
        return echo(stream, block, end);
      },
      { limits: { headerFields: 8 } },
    );
    const many = Array.from({ length: 40 }, (_, i) => [`n${i}`, "v"]).flat();
    peer.send(wholeRequest(1, [...request, ...many]), wholeRequest(3));
    await peer.nextOf(frameType.headers, 3);
    assert.deepEqual(
      seen.map((block) => block?.headers),
      [undefined, request],
    );
  });

  it("tell a client the settings of the server: the largest header list, and the table", async () => {
    const { peer, connection } = await asServer();
    assert.equal(connection.peerHeaderListBytes, Number.POSITIVE_INFINITY);
    peer.send(settings([setting.maxHeaderListSize, 1_234], [setting.headerTableSize, 0]));
    await peer.next(({ type, flags }) => type === frameType.settings && flags === flag.ack);
    assert.equal(connection.peerHeaderListBytes, 1_234);
    const decoder = createDecoder();
    call(connection);
    const { payload } = await peer.nextOf(frameType.headers, 1);
    assert.equal(payload[0], 0x20); // A size update to 0.
    assert.ok(typeof decoder.decode(payload, 0, payload.length) === "object");
  });

  it("are answered in the order in which they come", async () => {
    const { peer } = await asClient(echo);
    for (let i = 0; i < 5; i++) peer.send(ping(Buffer.alloc(8, i)), settings());
    const answers: number[] = [];
    for (let i = 0; i < 5; i++) answers.push((await peer.nextOf(frameType.ping)).payload[0] as number);
    assert.deepEqual(answers, [0, 1, 2, 3, 4]);
    for (let i = 0; i < 6; i++) await peer.next(({ type, flags }) => type === frameType.settings && flags === flag.ack);
  });

  it("of an answer end a stream of a client, and nothing else", async () => {
    const rows: Record<string, readonly Buffer[]> = {
      protocolError: [data(1, x)],
      streamClosed: [headers(1, [":status", "200"], 5), headers(1, [":status", "200"], 5)],
    };
    for (const [code, frames] of Object.entries(rows)) {
      const { peer, connection } = await asServer();
      const taker = new Taker();
      taker.stream = connection.open(request, false, taker);
      peer.send(settings(), ...frames);
      assert.equal(codeOf(await peer.nextOf(frameType.rstStream, 1)), code);
      const answer = call(connection);
      peer.send(headers(3, [":status", "200"], 5));
      assert.equal((await answer.whole).reset, undefined);
    }
    for (const list of [
      [":status", "100"],
      [":status", "101"],
      ["x", "y"],
      [":status", "200", ":path", "/"],
    ]) {
      const { peer, connection } = await asServer();
      const answer = call(connection);
      peer.send(settings(), headers(1, list, list[1] === "100" ? 5 : 4));
      assert.deepEqual((await answer.whole).reset, { code: 1, cause: "fault", unprocessed: false });
    }
  });

  it("of an answer may say how long the content would be, and have none (RFC 9110, section 8.6)", async () => {
    const { peer, connection } = await asServer();
    const answer = call(connection);
    peer.send(settings(), headers(1, [":status", "200", "content-length", "5"], 5));
    assert.equal((await answer.whole).reset, undefined);
  });

  it("tell a client how its stream was reset, and whether it can be sent again", async () => {
    const { peer, connection } = await asServer();
    const answers = [call(connection), call(connection)];
    peer.send(settings(), rstStream(1, errorCode.refusedStream), rstStream(3, errorCode.cancel));
    assert.deepEqual(await Promise.all(answers.map(async ({ whole }) => (await whole).reset)), [
      { code: errorCode.refusedStream, cause: "peer", unprocessed: true },
      { code: errorCode.cancel, cause: "peer", unprocessed: false },
    ]);
  });

  it("of a server that closes refuse the streams that it has not looked at, and no others", async () => {
    const { peer, connection, ended } = await asServer();
    const [served, refused] = [call(connection), call(connection)];
    peer.send(settings(), goAway(0x8000_0001, errorCode.noError, "maintenance, à bientôt"));
    assert.deepEqual((await refused.whole).reset, { code: errorCode.refusedStream, cause: "peer", unprocessed: true });
    assert.equal(connection.capacity, 0);
    peer.send(headers(1, [":status", "200"], 5));
    assert.equal((await served.whole).reset, undefined);
    assert.deepEqual(await ended, { code: errorCode.noError, message: "maintenance, à bientôt", by: "peer" });
  });

  it("of a server that closes end the connection where a handler throws at them", async () => {
    const { peer, connection, ended } = await asServer();
    connection.open(request, true, { ...nobody, onReset: () => assert.fail("broken") });
    peer.send(settings(), goAway(0, errorCode.noError));
    assert.equal(((await ended) as { error: Error }).error.message, "broken");
  });

  it("of settings hold until they come again: what a client may open", async () => {
    const { peer, connection } = await asServer();
    const settled = () => peer.next(({ type, flags }) => type === frameType.settings && flags === flag.ack);
    peer.send(settings([setting.maxConcurrentStreams, 5], [setting.enablePush, 0]));
    await settled();
    assert.equal(connection.capacity, 5);
    peer.send(settings([setting.maxHeaderListSize, 2 ** 32 - 1]));
    await settled();
    assert.equal(connection.capacity, 5);
    peer.send(settings([setting.maxConcurrentStreams, 6]));
    await settled();
    assert.equal(connection.capacity, 6);
  });
});
