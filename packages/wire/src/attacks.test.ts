import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { errorCode } from "./frame/error-code.js";
import { flag, frameType, maximumInteger, setting } from "./frame/kinds.js";
import type { Limits } from "./limits/limits.js";
import { nobody } from "./stream/stream.js";
import {
  block,
  call,
  connectTo,
  data,
  frame,
  goAway,
  headers,
  hello,
  nameOf,
  ping,
  RawPeer,
  request,
  rstStream,
  serve,
  settings,
  settingsAck,
  wholeRequest,
  windowUpdate,
  words,
} from "./testing/index.js";

/** What an attacker has: its connection, and the ids of streams that it has not used. */
interface Attacker {
  readonly peer: RawPeer;
  id(): number;
  /** Sends `count` times what `make` gives, as fast as the socket takes it, until the server has had enough. */
  flood(count: number, make: () => Buffer): Promise<void>;
}

interface Attack {
  readonly name: string;
  /** How it ends for the attacker: with a code, or without harm to anybody. */
  readonly ends: keyof typeof errorCode | "harmless";
  readonly limits?: Partial<Limits>;
  run(attacker: Attacker): Promise<void>;
}

const get = (path: string) => [":method", "GET", ":scheme", "http", ":authority", "arm", ":path", path];
const large = get("/large");
const unanswered = get("/unanswered");
const x = Buffer.from("x");
const answerBytes = 300_000;
/** The server allows as many frames that carry nothing as it takes: another bound has to hold. */
const anyControl = { controlFrames: { perSecond: 1e9, burst: 1e9 }, resets: { perSecond: 1e9, burst: 1e9 } };

/** HPACK: one field of 4,000 bytes goes to the table, and then each byte is that field again. */
function bomb(): Buffer[] {
  const name = Buffer.concat([Buffer.from([0x40, 1]), x, Buffer.from([127, 0xa1, 0x1e]), Buffer.alloc(4_000, "b")]);
  const plant = frame(1, flag.endHeaders | flag.endStream, 1, Buffer.concat([block(request), name]));
  return [plant, Buffer.concat([block(request), Buffer.alloc(16_000, 0xbe)])];
}

const attacks: readonly Attack[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    ends: "enhanceYourCalm",
    run: ({ id, flood }) =>
      flood(20_000, () => {
        const stream = id();
        return Buffer.concat([headers(stream, unanswered), rstStream(stream, errorCode.cancel)]);
      }),
  },
  ...Object.entries({
    "a window of 0": (id: number) => [headers(id, unanswered), windowUpdate(id, 0)],
    "a window that is too large": (id: number) => [headers(id, unanswered), windowUpdate(id, maximumInteger)],
    "content after the end": (id: number) => [wholeRequest(id, unanswered), data(id, x)],
    "header lists after the end": (id: number) => [wholeRequest(id, unanswered), wholeRequest(id)],
    "a priority that is too short": (id: number) => [headers(id, unanswered), frame(2, 0, id, words(0))],
    "a priority on itself": (id: number) => [headers(id, unanswered), frame(2, 0, id, Buffer.from([0, 0, 0, 0, 0]))],
  }).map(
    ([how, frames]): Attack => ({
      name: `made you reset (CVE-2025-8671): ${how}`,
      ends: "enhanceYourCalm",
      run: ({ id, flood }) =>
        flood(20_000, () => {
          const stream = id();
          const all = frames(stream);
          if (how === "a priority on itself") all[1]?.writeUInt32BE(stream, 9);
          return Buffer.concat(all);
        }),
    }),
  ),
  {
    name: "reset flood, by malformed requests (CVE-2019-9514)",
    ends: "enhanceYourCalm",
    run: ({ id, flood }) => flood(20_000, () => wholeRequest(id(), ["upper", "case", ":path", "/"])),
  },
  {
    name: "streams beyond those that are allowed, which are refused",
    ends: "enhanceYourCalm",
    run: ({ id, flood }) => flood(20_000, () => headers(id(), unanswered)),
  },
  {
    name: "CONTINUATION flood (CVE-2024-27316)",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(headers(1, request, 0));
      await flood(20_000, () => frame(9, 0, 1, block(["x", "y".repeat(100)])));
    },
  },
  {
    name: "CONTINUATION flood, of empty frames",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(headers(1, request, 0));
      await flood(20_000, () => frame(9, 0, 1));
    },
  },
  { name: "ping flood (CVE-2019-9512)", ends: "enhanceYourCalm", run: ({ flood }) => flood(50_000, () => ping()) },
  {
    name: "ping flood, whose answers are not read",
    ends: "enhanceYourCalm",
    limits: anyControl,
    async run({ flood, peer }) {
      peer.stopReading();
      const many = Buffer.concat(Array.from({ length: 1_000 }, () => ping()));
      await flood(3_000, () => many);
      peer.socket.resume();
    },
  },
  {
    name: "requests, whose answers are not read",
    ends: "enhanceYourCalm",
    async run({ id, flood, peer }) {
      peer.stopReading();
      await flood(60_000, () => wholeRequest(id(), get("/long-headers")));
      peer.socket.resume();
    },
  },
  {
    name: "settings flood (CVE-2019-9515)",
    ends: "enhanceYourCalm",
    run: ({ flood }) => flood(20_000, () => settings()),
  },
  {
    name: "settings flood, that changes the windows of many streams thousands of times",
    ends: "enhanceYourCalm",
    async run({ id, flood, peer }) {
      for (let i = 0; i < 250; i++) peer.send(headers(id(), unanswered));
      const all = settings(...Array.from({ length: 2_700 }, (_, i) => [setting.initialWindowSize, i] as const));
      await flood(1_000, () => all);
    },
  },
  {
    name: "acknowledgments of settings",
    ends: "enhanceYourCalm",
    run: ({ flood }) => flood(50_000, () => settingsAck),
  },
  {
    name: "empty frames of content (CVE-2019-9518)",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(headers(1, unanswered));
      await flood(50_000, () => data(1, Buffer.alloc(0)));
    },
  },
  {
    name: "frames of content that are padding only",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(headers(1, unanswered));
      await flood(50_000, () => frame(0, flag.padded, 1, Buffer.from([0])));
    },
  },
  {
    name: "priorities that change (CVE-2019-9513)",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      for (const stream of [1, 3, 5]) peer.send(headers(stream, unanswered));
      let on = 1;
      await flood(50_000, () => {
        on = on === 1 ? 3 : 1;
        return frame(2, 0, 5, Buffer.concat([words(on), x]));
      });
    },
  },
  {
    name: "windows of the connection",
    ends: "enhanceYourCalm",
    run: ({ flood }) => flood(50_000, () => windowUpdate(0, 1)),
  },
  {
    name: "windows of closed streams",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(wholeRequest(1));
      await flood(50_000, () => windowUpdate(1, 1));
    },
  },
  {
    name: "resets of closed streams",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(wholeRequest(1));
      await flood(50_000, () => rstStream(1, 8));
    },
  },
  {
    name: "unknown frames",
    ends: "enhanceYourCalm",
    run: ({ flood }) => flood(50_000, () => frame(0xbe, 0, 0)),
  },
  {
    name: "goodbyes",
    ends: "enhanceYourCalm",
    async run({ flood, peer }) {
      peer.send(headers(1, unanswered));
      await flood(50_000, () => goAway(0, 0));
    },
  },
  {
    name: "data dribble: a byte of window at a time (CVE-2019-9511)",
    ends: "enhanceYourCalm",
    async run({ id, flood, peer }) {
      peer.send(settings([setting.initialWindowSize, 0]));
      const streams = Array.from({ length: 100 }, id);
      for (const stream of streams) peer.send(wholeRequest(stream, large));
      let at = 0;
      await flood(50_000, () => windowUpdate(streams[at++ % 100] as number, 1));
    },
  },
  {
    name: "windows of 0, while answers wait (CVE-2019-9517)",
    ends: "harmless",
    async run({ id, flood, peer }) {
      peer.send(settings([setting.initialWindowSize, 0]));
      await flood(1_000, () => wholeRequest(id(), large));
    },
  },
  {
    name: "open windows, and nothing is read (CVE-2019-9517)",
    ends: "harmless",
    async run({ id, flood, peer }) {
      peer.send(settings([setting.initialWindowSize, maximumInteger]), windowUpdate(0, maximumInteger - 65_535));
      peer.stopReading();
      await flood(1_000, () => wholeRequest(id(), large));
    },
  },
  {
    name: "header fields without a name (CVE-2019-9516)",
    ends: "enhanceYourCalm",
    run: ({ id, flood }) => flood(20_000, () => wholeRequest(id(), [...request, ...Array(100).fill("")])),
  },
  {
    name: "header bomb: a large field, by its index",
    ends: "harmless",
    async run({ id, flood, peer }) {
      const [plant, many] = bomb() as [Buffer, Buffer];
      peer.send(plant);
      id();
      await flood(2_000, () => frame(1, flag.endHeaders | flag.endStream, id(), many));
    },
  },
  {
    name: "header bomb, over the most frames of a block",
    ends: "harmless",
    async run({ id, flood, peer }) {
      const [plant, many] = bomb() as [Buffer, Buffer];
      peer.send(plant);
      id();
      await flood(200, () => {
        const stream = id();
        const rest = Array.from({ length: 6 }, () => frame(9, 0, stream, Buffer.alloc(16_000, 0xbe)));
        return Buffer.concat([frame(1, 1, stream, many), ...rest, frame(9, flag.endHeaders, stream)]);
      });
    },
  },
  {
    name: "content in single bytes",
    ends: "harmless",
    async run({ flood, peer }) {
      peer.send(headers(1, unanswered));
      await flood(100_000, () => data(1, x));
    },
  },
  {
    name: "a request that comes in single bytes",
    ends: "harmless",
    async run({ id, flood }) {
      const bytes = Buffer.concat([headers(id(), unanswered), data(1, Buffer.alloc(2_000))]);
      let at = 0;
      await flood(bytes.length, () => bytes.subarray(at, ++at));
    },
  },
  {
    name: "streams that are opened, and nothing more",
    ends: "harmless",
    async run({ id, peer }) {
      for (let i = 0; i < 250; i++) peer.send(headers(id(), unanswered));
      peer.send(ping());
      await peer.nextOf(frameType.ping);
    },
  },
];

/** The streams that wait for an answer, for each connection of the server. */
let waiting = 0;

const onStream: Parameters<typeof serve>[0] = (stream, block) => {
  const path = block?.headers[block.headers.indexOf(":path") + 1];
  if (path === "/unanswered") {
    waiting++;
    return { ...nobody, onData: (bytes) => stream.consumed(bytes.length), onReset: () => waiting-- };
  }
  if (path === "/large") {
    stream.sendHeaders([":status", "200"], false);
    stream.sendData(Buffer.alloc(answerBytes), true);
  } else if (path === "/long-headers") {
    stream.sendHeaders([":status", "200", "set-cookie", "c".repeat(2_000)], true);
  } else stream.sendHeaders([":status", block ? "200" : "431"], true);
  return { ...nobody, onData: (bytes) => stream.consumed(bytes.length) };
};

describe("attacks on a server connection, while another one is served", () => {
  const mebibyte = 1_024 * 1_024;

  for (const { name, ends, limits, run } of attacks) {
    it(`${name}: ${ends}`, async () => {
      const sockets: Socket[] = [];
      waiting = 0;
      const server = await serve(onStream, { limits }, (socket) => sockets.push(socket));
      const bystander = await connectTo(server.port);
      await call(bystander.connection).whole;
      const peer = await RawPeer.connect(server.port);
      peer.send(hello);
      await peer.nextOf(frameType.settings);
      peer.ignore();
      const [, attacked] = server.connections;
      const [, socket] = sockets;
      assert.ok(attacked && socket);

      let isOver = false;
      let calls = 0;
      let longestMs = 0;
      let mostHeld = 0;
      let mostWaiting = 0;
      const before = memory();
      let most = before;
      const served = (async () => {
        while (!isOver || calls < 10) {
          const began = performance.now();
          const { headers, reset } = await call(bystander.connection).whole;
          assert.equal(reset, undefined);
          assert.equal(headers[0]?.[1], "200");
          calls++;
          longestMs = Math.max(longestMs, performance.now() - began);
          mostHeld = Math.max(mostHeld, attacked.queuedBytes + socket.writableLength);
          mostWaiting = Math.max(mostWaiting, waiting);
          if (calls % 16 === 0) most = Math.max(most, memory());
        }
      })();
      let nextId = -1;
      await run({
        peer,
        id: () => {
          nextId += 2;
          return nextId;
        },
        async flood(count, make) {
          let ended = false;
          void peer.ended.then(() => {
            ended = true;
          });
          for (let sent = 0; sent < count && !ended && server.ends.length === 0; ) {
            const frames: Buffer[] = [];
            for (let size = 0; sent < count && size < 30_000; sent++) {
              const bytes = make();
              frames.push(bytes);
              size += bytes.length;
            }
            await peer.sendAll(Buffer.concat(frames));
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      });
      if (ends === "harmless") {
        assert.equal(server.ends.length, 0);
        peer.destroy();
      }
      const [end] = await server.ended();
      await peer.ended;
      isOver = true;
      await served;
      if (ends !== "harmless") {
        assert.equal(nameOf(end?.code), ends, end?.message);
        assert.equal(end?.by, "fault");
      }
      assert.ok(!("error" in (end ?? {})), String(end?.error));
      assert.equal(waiting, 0);
      assert.ok(mostWaiting <= 256, `${mostWaiting} streams were open`);
      assert.ok(mostHeld < 36 * mebibyte, `${mostHeld} bytes were held`);
      assert.ok(most - before < 160 * mebibyte, `the memory grew by ${(most - before) / mebibyte} MiB`);
      assert.ok(longestMs < 5_000, `a call of the bystander took ${longestMs} ms`);
      bystander.connection.destroy();
      await bystander.ended;
      await server.close();
    });
  }
});

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
