import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { closeOf, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { assail, flat, latencies, megabyte, p99 } from "./assail.js";
import { answerOf, callOver, type EchoStage, echo, echoStage, open } from "./echo-stage.js";
import type { Assault } from "./flood-attacker.js";
import { gatewayInFront, wireForGateways } from "./gateway-in-front.js";
import type { Answer, Row, Variant } from "./row.js";

export const floodRow: Row = {
  row: 29,
  attack:
    "rapid reset, CONTINUATION flood, oversized metadata or message, slow handshake, a flood of good calls from one bot",
  async play() {
    const stage = await echoStage({ open: () => ({}) });
    // At a separate server, because they take ten seconds; the other attacks run meanwhile.
    const waiting = await echoStage();
    // The flood exceeds this rate on every machine, however busy; the 300 calls of the other bot do not.
    const limited = await echoStage({ open: () => ({}) }, { callerRate: { perSecond: 100, burst: 400 } });
    // The same rate at a gateway. The bot behind it has the default, which the flood would exceed if it got there.
    const through = await echoStage({ open: () => ({}) });
    const rate = { callerRate: { perSecond: 100, burst: 400 } };
    const inFront = wireForGateways.needs
      ? undefined
      : await gatewayInFront(through.fleet, through.server.address, rate);
    const reasons: string[] = [];
    for (const { fleet } of [stage, limited, through]) fleet.recorder.onDenial(({ reason }) => reasons.push(reason));
    const slow = await beginSlowHandshakes(waiting.server.port);
    const authorization = await stage.authorization();
    const call = async (headers: Record<string, string>, body?: Uint8Array): Promise<Answer> => {
      const { status, error } = await rawCall(stage.session, echo.path, { authorization, ...headers }, body);
      // HTTP/2's own error code, which gRPC maps to 8.
      return error === "NGHTTP2_ENHANCE_YOUR_CALM" ? 8 : (status ?? "close");
    };
    const play = stage.play([
      closesOn(stage, "rapid reset", "rapidReset"),
      closesOn(stage, "headers that never end", "continuation"),
      closesOn(stage, "headers that never end, in empty frames", "emptyContinuation"),
      {
        name: "200 headers",
        answer: 8,
        attack: () => call(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, "v"]))),
      },
      { name: "one header of 100 kilobytes", answer: [8, "close"], attack: () => big(stage, authorization) },
      { name: "a message of 5 megabytes", answer: 8, attack: () => call({}, head(5 * megabyte, 1_000)) },
      { name: "a message that says it has 4 gigabytes", answer: 8, attack: () => call({}, head(0xffffffff, 10)) },
      {
        name: "a message that unpacks to 64 megabytes",
        answer: 8,
        attack: () => call({ "grpc-encoding": "gzip" }, bomb()),
      },
      tooManyConnections(stage),
      goodCalls("good calls from one bot, as many as will go", limited, limited.server.port),
      ...(inFront ? [goodCalls("the same through a gateway", through, inFront.gateway.port)] : []),
      {
        name: "handshakes that are not gone on with",
        answer: "close",
        async attack() {
          await Promise.all(slow.map(({ closed }) => closed));
          await waiting.server.denied(slow.length);
          const other = waiting.server.denials.find(({ reason }) => reason !== "HANDSHAKE_TIMEOUT");
          if (other) throw new Error(`recorded is ${other.reason}`);
          return "close";
        },
      },
    ]);
    return {
      ...play,
      denials: () => reasons,
      async end() {
        for (const { socket } of slow) socket.destroy();
        waiting.session.destroy();
        await waiting.server.bot.close(0);
        limited.session.destroy();
        await limited.server.bot.close(0);
        await inFront?.close();
        through.session.destroy();
        await through.server.bot.close(0);
        await play.end();
      },
    };
  },
};

/** The server ends the connection long before the attacker has finished, and keeps no memory. */
function closesOn(stage: EchoStage, name: string, kind: Assault["kind"]): Variant {
  return {
    name,
    answer: "close",
    async attack() {
      const { closed } = await flat(() => assail(stage, kind));
      return closed ? "close" : 0;
    },
  };
}

/** A peer has at most 64 connections; the existing ones continue. */
function tooManyConnections({ server, caller }: EchoStage): Variant {
  return {
    name: "more connections from one bot than it may have",
    answer: "close",
    reason: "CONNECTION_LIMIT",
    times: "some",
    async attack() {
      const sessions = Array.from({ length: 80 }, () => rawSession(server.port, shows(caller)));
      const closed = Promise.all(sessions.map(closeOf));
      const answers = await Promise.all(sessions.map((session) => rawCall(session, open.path).then(answerOf)));
      const good = answers.filter((answer) => answer === 0).length;
      for (const session of sessions) session.destroy();
      await closed;
      // The server notices it a moment later, and then there is room for the next attack.
      while ((await callOver(server.port, shows(caller))) !== 0);
      // The stage itself uses one of them.
      if (good < 60 || good > 64) throw new Error(`${good} of 80 connections were let in`);
      return answers.find((answer) => answer !== 0) ?? 0;
    },
  };
}

/** Calls past the rate are answered with 8, never with 14, which clients retry; other bots are served as before. */
function goodCalls(name: string, stage: EchoStage, port: number): Variant {
  let [before, during] = [0, 0];
  return {
    name,
    answer: 8,
    reason: "RATE_LIMITED",
    times: "some",
    async attack() {
      const quiet = await latencies(stage, port);
      const flood = flat(() => assail(stage, "goodCalls", port));
      const [{ statuses }, flooded] = await Promise.all([flood, latencies(stage, port)]);
      const { 0: admitted = 0, 8: refused = 0, none = 0, ...other } = statuses as Record<string, number>;
      if (admitted === 0 || Object.keys(other).length > 0) throw new Error(`answered ${JSON.stringify(statuses)}`);
      // Calls in flight when the connection was cut; the others had their answer.
      if (none > 400) throw new Error(`${none} calls had no answer`);
      [before, during] = [p99(quiet), p99(flooded)];
      if (during > Math.max(30 * before, 1_000)) {
        throw new Error(`another bot's p99 was ${before.toFixed(1)} ms, and ${during.toFixed(1)} ms during the flood`);
      }
      return refused > 0 ? 8 : 0;
    },
    note: () => `another bot's p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile`,
  };
}

interface SlowHandshake {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
}

/** One handshake that sends nothing, one that sends half a hello, one that sends a byte at a time. */
async function beginSlowHandshakes(port: number): Promise<SlowHandshake[]> {
  const handshakes = Array.from({ length: 3 }, (): SlowHandshake => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    return { socket: socket.resume(), closed: closeOf(socket) };
  });
  await Promise.all(handshakes.map(({ socket }) => once(socket, "connect")));
  const hello = Buffer.from("16030100c8010000c40303", "hex");
  handshakes[1]?.socket.write(hello);
  const drip = handshakes[2] as SlowHandshake;
  let at = 0;
  const dripping = setInterval(
    () => drip.socket.write(hello.subarray(at % hello.length, ++at % hello.length || undefined)),
    1_000,
  );
  drip.closed.finally(() => clearInterval(dripping));
  return handshakes;
}

/** Runs on a connection of its own, which the server may close. */
async function big({ server, caller }: EchoStage, authorization: string): Promise<Answer> {
  const session = rawSession(server.port, shows(caller));
  const answer = await rawCall(session, echo.path, { authorization, "x-big": "a".repeat(100_000) });
  session.destroy();
  return answer.error === "NGHTTP2_ENHANCE_YOUR_CALM" ? 8 : answerOf(answer);
}

/** Builds the header of a message of `size` bytes, and its first few bytes. */
function head(size: number, sent: number): Buffer {
  const bytes = Buffer.alloc(5 + sent);
  bytes.writeUInt32BE(size, 1);
  return bytes;
}

function bomb(): Buffer {
  const packed = gzipSync(Buffer.alloc(64 * megabyte));
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt32BE(packed.length, 1);
  return Buffer.concat([bytes, packed]);
}
