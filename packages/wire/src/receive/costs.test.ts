import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createClientConnection } from "../connection.js";
import { errorCode } from "../frame/error-code.js";
import { flag, frameType, setting } from "../frame/kinds.js";
import type { Limits } from "../limits/limits.js";
import { nobody } from "../stream/stream.js";
import {
  data,
  echo,
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
} from "../testing/index.js";

type Budgets = Pick<Limits, "controlFrames" | "resets">;

const x = Buffer.from("x");
const plenty = 1_000;
/** What the first SETTINGS cost. */
const first = 10;
const answered = 501;
const still = () => 0;
const of = (control: number, resets = plenty): Budgets => ({
  controlFrames: { perSecond: 0, burst: control },
  resets: { perSecond: 0, burst: resets },
});

/** What a server says to frames: the code of its GOAWAY, or "served" where it has answered a request behind them. */
async function serverSays(limits: Budgets, frames: readonly Buffer[]): Promise<string> {
  const server = await serve(
    (stream, block, end) => {
      if (block?.headers.includes("/ended")) {
        stream.sendHeaders([":status", "200"], true);
        return nobody;
      }
      return stream.id === answered ? echo(stream, block, end) : nobody;
    },
    { limits: { ...limits, concurrentStreams: 3 }, now: still },
  );
  const peer = await RawPeer.connect(server.port);
  peer.send(hello, ...frames, wholeRequest(answered));
  const served = peer.nextOf(frameType.headers, answered).then(
    () => "served",
    () => "ended",
  );
  const said = await Promise.race([served, peer.ended]);
  peer.destroy();
  await server.close();
  return typeof said === "string" ? (said === "served" ? said : nameOf((await peer.ended).code)) : nameOf(said.code);
}

/** What a client says to frames of which the stream 1 is over, and 3 is open: the code of its GOAWAY, or "served". */
async function clientSays(limits: Budgets, frames: readonly Buffer[]): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const comes = once(server, "connection");
  const connection = createClientConnection(
    connect((server.address() as AddressInfo).port, "127.0.0.1"),
    { onClose() {} },
    { limits, now: still },
  );
  const [socket] = (await comes) as [Socket];
  await once(socket, "readable");
  socket.read(24); // The preface is no frame.
  const peer = new RawPeer(socket);
  const over = connection.open(request, true, nobody);
  over.reset(errorCode.cancel);
  connection.open(request, true, nobody);
  const alive = new Promise<string>((resolve) => connection.ping(() => resolve("served")));
  const asked = await peer.nextOf(frameType.ping);
  // Its end has come, so that it is no longer one that was reset a moment ago.
  peer.send(settings(), data(1, Buffer.alloc(0), true), ...frames, ping(asked.payload, flag.ack));
  const said = await Promise.race([alive, peer.ended]);
  connection.destroy();
  peer.destroy();
  server.close();
  await once(server, "close");
  return typeof said === "string" ? said : nameOf(said.code);
}

/** A request whose answer is complete at once. */
const answeredAtOnce = (id: number) => headers(id, request.with(request.indexOf("/"), "/ended"));

const repeat = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

/** What three of each cost a client in frames that carry nothing, with what comes before. */
const control: Readonly<Record<string, readonly [each: number, make: (i: number) => Buffer, before?: Buffer]>> = {
  PING: [1, () => ping()],
  "an answer to a PING": [1, () => ping(Buffer.alloc(8), flag.ack)],
  PRIORITY: [1, () => frame(2, 0, 1, Buffer.concat([words(3), x]))],
  "WINDOW_UPDATE of the connection": [1, () => windowUpdate(0, 1)],
  "WINDOW_UPDATE of a stream": [1, () => windowUpdate(1, 1), headers(1)],
  GOAWAY: [1, () => goAway(0, 0), headers(1)],
  "a frame of an unknown type": [1, () => frame(99, 0, 0, x)],
  "SETTINGS, empty": [10, () => settings()],
  "SETTINGS, two of them": [12, () => settings([0xf000, 1], [setting.maxHeaderListSize, 9_000])],
  "an acknowledgment of SETTINGS": [1, () => settingsAck],
  "DATA that is empty": [4, () => data(1, Buffer.alloc(0)), headers(1)],
  "DATA of padding": [4, () => frame(0, flag.padded, 1, Buffer.alloc(3, 2)), headers(1)],
  "RST_STREAM of a stream that is over": [1, () => rstStream(1, 8), Buffer.concat([headers(1), rstStream(1, 8)])],
  "RST_STREAM of a stream whose answer is complete": [
    1,
    (i) => Buffer.concat([answeredAtOnce(1 + 2 * i), rstStream(1 + 2 * i, errorCode.noError)]),
  ],
  "nothing: DATA that is empty and ends a stream": [
    0,
    (i) => Buffer.concat([answeredAtOnce(1 + 2 * i), data(1 + 2 * i, Buffer.alloc(0), true)]),
  ],
  "nothing: content, which allows four pings": [
    0,
    () => Buffer.concat([data(1, x), ping(), ping(), ping(), ping()]),
    Buffer.concat([headers(1), ping(), ping(), ping(), ping()]),
  ],
};

/** What three of each cost in streams that come to nothing. */
const resets: Readonly<Record<string, readonly [each: number, make: (i: number) => Buffer, before?: Buffer]>> = {
  "RST_STREAM of an open stream": [
    1,
    (i) => Buffer.concat([headers(1 + 2 * i), rstStream(1 + 2 * i, errorCode.cancel)]),
  ],
  "a malformed request": [1, (i) => headers(1 + 2 * i, ["x", "y"])],
  "a stream beyond those that are allowed": [
    1,
    (i) => Buffer.concat([headers(7 + 2 * i), ...(i < 2 ? [] : [data(1, Buffer.alloc(0), true)])]),
    Buffer.concat([answeredAtOnce(1), answeredAtOnce(3), headers(5)]),
  ],
  "DATA of a stream that is over": [1, () => data(1, x), Buffer.concat([answeredAtOnce(1), data(1, x, true)])],
  "nothing: a stream whose answer was complete": [
    0,
    (i) => Buffer.concat([answeredAtOnce(1 + 2 * i), rstStream(1 + 2 * i, errorCode.cancel)]),
  ],
};

/** What three of each cost a server, in frames that carry nothing. */
const ofServers: Readonly<Record<string, readonly [each: number, make: () => Buffer]>> = {
  "HEADERS of a stream that is over": [1, () => headers(1, [":status", "200"])],
  "DATA of a stream that is over": [1, () => data(1, Buffer.alloc(0), true)],
  "an interim response": [1, () => headers(3, [":status", "103"])],
};

describe("what frames cost", () => {
  for (const [what, [each, make, before = Buffer.alloc(0)]] of Object.entries(control)) {
    it(`a client, in frames without content: ${what}`, async () => {
      const frames = [before, ...repeat(3, make)];
      const once = beforeCosts(what) + first + 3 * each;
      assert.equal(await serverSays(of(once), frames), "served");
      assert.equal(await serverSays(of(once - 1), frames), "enhanceYourCalm");
    });
  }

  for (const [what, [each, make, before = Buffer.alloc(0)]] of Object.entries(resets)) {
    it(`a client, in streams that came to nothing: ${what}`, async () => {
      const frames = [before, ...repeat(3, make)];
      assert.equal(await serverSays(of(plenty, 3 * each), frames), "served");
      if (each > 0) assert.equal(await serverSays(of(plenty, 3 * each - 1), frames), "enhanceYourCalm");
    });
  }

  for (const [what, [each, make]] of Object.entries(ofServers)) {
    it(`a server, in frames without content: ${what}`, async () => {
      const frames = repeat(3, make);
      const answer = 1;
      assert.equal(await clientSays(of(first + 3 * each + answer), frames), "served");
      assert.equal(await clientSays(of(first + 3 * each + answer - 1), frames), "enhanceYourCalm");
    });
  }

  it("a server nothing for the streams that it resets: they are of the client's own making", async () => {
    assert.equal(await clientSays(of(plenty, 0), [rstStream(3, 8)]), "served");
  });
});

/** What the frames before cost: the pings that the content has to make up for. */
function beforeCosts(what: string): number {
  return what.startsWith("nothing: content") ? 4 : 0;
}
