import { once } from "node:events";
import { Duplex } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type Connection,
  type ConnectionEnd,
  createClientConnection,
  createServerConnection,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";
import { call, connectTo, echo, hello, request, serve, settings } from "@interlock/wire/testing";
import { createRandom, type Random } from "../fuzz/random.js";
import { createFrameMaker } from "./make-frames.js";
import { recordTraffic, type Traffic } from "./record-traffic.js";

/** What came of it. */
export interface WireFuzz {
  readonly frames: number;
  readonly connections: number;
  /** How the connections ended: how often with each code. */
  readonly ends: Readonly<Record<number, number>>;
  /** The calls of the neighbour, and the longest, in milliseconds. */
  readonly neighbor: { readonly calls: number; readonly longestMs: number };
  /** How much the heap grew from the first fifth to the end, in MiB. */
  readonly grownMiB: number;
  readonly problems: readonly string[];
}

const framesOfConnection = 500;
/** A turn of the event loop. */
const framesOfTurn = 50;
const connectionsOfCall = 10;
const mostHeldBytes = 40 * 1_024 * 1_024;
const mostGrownMiB = 24;
const mostNeighborMs = 2_000;

/** Sends frames to connections of both roles, while a neighbor is served on one of its own. */
export async function fuzzWire(seed: number, frames: number): Promise<WireFuzz> {
  const traffic = await recordTraffic();
  const server = await serve(echo);
  const neighbor = await connectTo(server.port);
  const ends: Record<number, number> = {};
  const problems: string[] = [];
  let connections = 0;
  let calls = 0;
  let longestMs = 0;
  let early: number | undefined;
  let sent = 0;
  const onError = (error: unknown) => problems.push(`an uncaught exception: ${error}`);
  process.on("uncaughtException", onError);
  while (sent < frames && problems.length < 20) {
    const part = seed + connections;
    const isServer = part % 2 === 0; // So the seed of a problem, alone, brings it again.
    const run = await fuzzConnection(part, isServer, traffic, Math.min(framesOfConnection, frames - sent));
    connections++;
    sent += run.sent;
    ends[run.end.code] = (ends[run.end.code] ?? 0) + 1;
    problems.push(...run.problems.map((problem) => `seed ${part} as a ${isServer ? "server" : "client"}: ${problem}`));
    if (connections % connectionsOfCall === 0) {
      const began = performance.now();
      const { content, reset } = await call(neighbor.connection, Buffer.from("neighbor")).whole;
      longestMs = Math.max(longestMs, performance.now() - began);
      calls++;
      if (reset || content.toString() !== "neighbor") problems.push(`the neighbor was answered ${content}`);
    }
    if (early === undefined && sent > frames / 5) early = heapMiB();
  }
  const grownMiB = heapMiB() - (early ?? 0);
  if (grownMiB > mostGrownMiB) problems.push(`the heap has grown by ${grownMiB.toFixed(1)} MiB`);
  if (longestMs > mostNeighborMs) problems.push(`a call of the neighbor took ${longestMs} ms`);
  process.off("uncaughtException", onError);
  neighbor.connection.destroy();
  await neighbor.ended;
  await server.close();
  return { frames: sent, connections, ends, neighbor: { calls, longestMs }, grownMiB, problems };
}

async function fuzzConnection(seed: number, isServer: boolean, traffic: Traffic, most: number) {
  const random = createRandom(seed);
  const problems: string[] = [];
  let end: ConnectionEnd | undefined;
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const onClose = (given: ConnectionEnd) => {
    if (end) problems.push("it ended twice");
    end = given;
  };
  // Time passes with the frames, fast or slowly, so that some connections meet the bounds and others do not.
  const msOfFrame = random.pick([0, 0.1, 5]);
  let now = 0;
  const options = { now: () => now, limits: { streamWindowBytes: random.pick([0, 1_000, 262_144]) } };
  const connection: Connection = isServer
    ? createServerConnection(
        socket,
        { onStream: (stream, _request, ended) => act(random, connection, stream, ended), onClose },
        options,
      )
    : createClientConnection(socket, { onClose }, options);
  let opened = -1;
  const maker = createFrameMaker({
    random,
    real: isServer ? traffic.ofClient : traffic.ofServer,
    isClient: isServer,
    wrong: random.pick([0, 1, 10, 300]),
    lastOpened: () => opened,
  });
  socket.push(isServer ? hello : settings());
  let sent = 0;
  while (sent < most && !end && !socket.destroyed && !socket.writableEnded) {
    if (!isServer) opened = open(random, connection, opened < 0 ? 12 : random.below(8)) ?? opened;
    const chunk: Buffer[] = [];
    for (let i = 0; i < framesOfTurn && sent < most; i++, sent++) chunk.push(maker.make());
    now += msOfFrame * chunk.length;
    const bytes = Buffer.concat(chunk);
    const cut = random.below(bytes.length + 1);
    socket.push(bytes.subarray(0, cut));
    socket.push(bytes.subarray(cut));
    await new Promise((resolve) => setImmediate(resolve));
    if (connection.queuedBytes > mostHeldBytes) problems.push(`${connection.queuedBytes} bytes wait`);
    if (isServer && connection.streams > 256) problems.push(`${connection.streams} streams are open`);
  }
  socket.destroy();
  if (!end) await once(socket, "close");
  await new Promise((resolve) => setImmediate(resolve));
  if (!end) problems.push("it has not ended");
  if (end && "error" in end) problems.push(`a handler, or the engine, has thrown: ${(end.error as Error)?.stack}`);
  if (connection.streams > 0) problems.push(`${connection.streams} streams are left`);
  return { sent, end: end ?? { code: -1 }, problems };
}

/** Opens some streams of a client. Gives the id of the last one. */
function open(random: Random, connection: Connection, count: number): number | undefined {
  let last: number | undefined;
  for (let i = 0; i < count && connection.capacity > 0; i++) {
    const ended = random.below(2) === 0;
    const state: { stream?: Stream } = {};
    const handler = handlerOf(random, connection, () => state.stream);
    state.stream = connection.open(request, ended, handler);
    if (!ended && random.below(2) === 0) state.stream.sendData(Buffer.alloc(random.below(40_000)), true);
    last = state.stream.id;
  }
  return last;
}

/** What a server does with a request. */
function act(random: Random, connection: Connection, stream: Stream, ended: boolean): StreamHandler {
  const kind = random.below(6);
  if (kind === 0) stream.reset(random.below(14));
  else if (kind === 1) stream.sendHeaders([":status", "200"], true);
  else if (kind === 2) {
    stream.sendHeaders([":status", "200"], false);
    stream.sendMessage(0, new Uint8Array(random.below(60_000)), false);
    stream.sendHeaders(["grpc-status", "0"], true);
    if (!ended && random.below(2) === 0) stream.reset(0);
  } else if (kind === 3) return echo(stream, undefined, ended);
  return handlerOf(random, connection, () => stream);
}

function endAtTimes(random: Random, connection: Connection): void {
  const kind = random.below(600);
  if (kind === 0) connection.close();
  else if (kind === 1) connection.goAway(random.below(14), "x");
  else if (kind === 2) connection.destroy();
}

/** Takes what comes, and does something from time to time. */
function handlerOf(random: Random, connection: Connection, streamOf: () => Stream | undefined): StreamHandler {
  let isOver = false;
  const something = () => {
    const stream = streamOf();
    if (isOver) throw new Error("a handler heard of a stream that was over");
    switch (random.below(20)) {
      case 0:
        stream?.reset(random.below(14));
        isOver = true;
        break;
      case 1:
        stream?.sendData(Buffer.alloc(random.below(30_000)), random.below(2) === 0);
        break;
      case 2:
        stream?.sendHeaders(["x", "y"], true);
        break;
      case 3:
        endAtTimes(random, connection);
        break;
      default:
    }
  };
  return {
    onHeaders(_block, end) {
      something();
      isOver ||= end;
    },
    onData(bytes, end) {
      if (random.below(3) > 0) streamOf()?.consumed(bytes.length);
      something();
      isOver ||= end;
    },
    // The end of the other side may be followed by a reset, and by room for what this side still sends.
    onReset() {},
    onRoom() {
      streamOf()?.sendData(Buffer.alloc(random.below(1_000)), random.below(2) === 0);
    },
  };
}

let collect: (() => void) | undefined;

function heapMiB(): number {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1_024 / 1_024;
}
