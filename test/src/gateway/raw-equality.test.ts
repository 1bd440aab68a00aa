import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { errorCode, type HeaderList, statusOfReset } from "@interlock/wire";
import { type GatewayStage, gatewayStage } from "./gateway-stage.js";
import {
  type Arrival,
  caseHeader,
  openRawBackend,
  type RawBackend,
  type Script,
  type SeenRequest,
} from "./raw-backend.js";
import { connectRawCaller, type RawCall, type RawCaller, type SeenAnswer } from "./raw-caller.js";

const { echo, chat } = EchoService.methods;
const grpc = [":status", "200", "content-type", "application/grpc+proto"];
const ok = ["grpc-status", "0"];
const message = (bytes: Uint8Array | string) => {
  const body = Buffer.from(bytes as string);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
};
const fields = (count: number) => Array.from({ length: count }, (_, i) => [`x-field-${i}`, `value ${i}`]).flat();
const metadata = [
  ...["x-twice", "one", "x-twice", "two", "x-twice", "one"],
  ...["x-bytes-bin", "AP9/gAE", "x-bytes-bin", "", "x-bytes-bin", "Zm9v,YmFy"],
  ...["x-text", "with  two blanks, a comma", "x-octets", "\x80\xff", "x-empty", ""],
];
/** A `google.rpc.Status` with details, as long as trailers may be. */
const rich = [
  "grpc-status",
  "9",
  "grpc-message",
  "not%20now%E2%98%BA",
  "grpc-status-details-bin",
  randomBytes(6_000).toString("base64"),
];
const fourMebibytes = randomBytes(4 * 1_024 * 1_024 - 64);

/** What both ends have seen of a call. */
interface Exchange {
  readonly request: SeenRequest | undefined;
  readonly answer: SeenAnswer;
}

/** One call: what the bot does, and what its caller does. */
interface Case {
  readonly path?: string;
  readonly headers?: HeaderList;
  readonly serve: Script;
  /** Whether the bot answers before the request has ended: how much of that it sees is chance. */
  readonly early?: boolean;
  /** Default: sends a message, which ends the request. */
  readonly call?: (call: RawCall, arrived: Promise<Arrival>) => unknown;
}

const answerWith =
  (head: HeaderList, content: Uint8Array | undefined, trailers: HeaderList): Script =>
  async ({ stream, whole }) => {
    await whole;
    stream.sendHeaders(head, false);
    if (content) stream.sendData(Buffer.from(content), false);
    stream.sendHeaders(trailers, true);
  };

const cases: Record<string, Case> = {
  "metadata, binary and twice": {
    headers: metadata,
    serve: answerWith([...grpc, ...metadata], message("hello"), [...ok, ...metadata]),
  },
  "150 headers": {
    headers: fields(140),
    serve: answerWith([...grpc, ...fields(150)], message(""), [...ok, ...fields(150)]),
  },
  "4 MiB": {
    serve: answerWith(grpc, message(fourMebibytes), ok),
    call: (call) => call.send(message(fourMebibytes), true),
  },
  "10,000 messages": {
    path: chat.path,
    async serve({ stream, whole, room }) {
      stream.sendHeaders(grpc, false);
      for (let i = 0; i < 10_000; i++) if (!stream.sendData(message(`answer ${i}`), false)) await room();
      await whole;
      stream.sendHeaders(ok, true);
    },
    async call(call) {
      for (let i = 0; i < 10_000; i++) await call.send(message(`message ${i}`), i === 9_999);
    },
  },
  "messages of no bytes, in pieces, and a last frame of none": {
    path: chat.path,
    async serve({ stream, whole }) {
      await whole;
      stream.sendHeaders(grpc, false);
      for (const byte of message("bytes")) stream.sendData(Buffer.of(byte), false);
      stream.sendData(message(""), false);
      stream.sendHeaders(ok, true);
    },
    async call(call) {
      for (const byte of message("byte by byte")) await call.send(Buffer.of(byte), false);
      await call.send(message(""), false);
      await call.send(Buffer.alloc(0), true);
    },
  },
  "a request without a message": {
    serve: answerWith(grpc, undefined, ok),
    call: (call) => call.send(Buffer.alloc(0), true),
  },
  "the lengths of content": {
    headers: ["content-length", "10"],
    serve: answerWith([...grpc, "content-length", "9"], message("four"), ok),
    call: (call) => call.send(message("bytes"), true),
  },
  "interim responses": {
    async serve({ stream, whole }) {
      stream.sendHeaders([":status", "103", "link", "</style.css>", "x-twice", "1", "x-twice", "2"], false);
      await whole;
      stream.sendHeaders([":status", "110", "x-progress", "half"], false);
      stream.sendHeaders(grpc, false);
      stream.sendHeaders(ok, true);
    },
  },
  "trailers of a request": {
    path: chat.path,
    serve: answerWith(grpc, message("hello"), ok),
    async call(call) {
      await call.send(message("one"), false);
      call.stream.sendHeaders(["x-digest", "abc", "x-bytes-bin", "AAE"], true);
    },
  },
  "trailers right after the headers of a request": {
    path: chat.path,
    serve: answerWith(grpc, message("hello"), ok),
    call: (call) => call.stream.sendHeaders(["x-digest", "abc"], true),
  },
  "an error as the whole answer": {
    async serve({ stream, whole }) {
      await whole;
      stream.sendHeaders([...grpc, ...rich], true);
    },
  },
  "an error after headers": { serve: answerWith([...grpc, "x-head", "1"], undefined, rich) },
  "an error after messages": {
    path: chat.path,
    serve: answerWith(grpc, Buffer.concat(Array.from({ length: 50 }, (_, i) => message(`${i}`))), rich),
  },
  "a status of HTTP": {
    async serve({ stream, whole }) {
      await whole;
      stream.sendHeaders([":status", "503", "content-type", "text/html", "retry-after", "1"], false);
      stream.sendData(Buffer.from("<html>"), true);
    },
  },
  "an answer without trailers": {
    async serve({ stream, whole }) {
      await whole;
      stream.sendHeaders(grpc, false);
      stream.sendData(message("hello"), true);
    },
  },
  "an early answer, and NO_ERROR": {
    path: chat.path,
    serve({ stream }) {
      stream.sendHeaders(grpc, false);
      stream.sendData(message("enough"), false);
      stream.sendHeaders([...ok, "x-early", "1"], true);
      stream.reset(errorCode.noError);
    },
    call: (call) => call.send(message("one"), false),
  },
  "an early error as the whole answer, and NO_ERROR": {
    serve({ stream }) {
      stream.sendHeaders([...grpc, ...rich], true);
      stream.reset(errorCode.noError);
    },
    call: (call) => call.send(message("one"), false),
  },
  "an early answer without trailers": {
    early: true,
    path: chat.path,
    serve({ stream }) {
      stream.sendHeaders(grpc, false);
      stream.sendData(message("enough"), true);
    },
    async call(call) {
      await call.send(message("one"), false);
      await call.whole;
      call.reset(errorCode.noError);
    },
  },
  "an early answer, while the request goes on until its caller stops": {
    early: true,
    path: chat.path,
    serve({ stream }) {
      stream.sendHeaders(grpc, false);
      stream.sendHeaders(ok, true);
    },
    async call(call) {
      await call.send(message("one"), false);
      await call.whole;
      call.reset(errorCode.noError);
    },
  },
};

/** The codes with which a bot ends a stream, and a caller (RFC 9113, section 7). */
const codes = Object.entries(errorCode).filter(([name]) => name !== "refusedStream");

for (const [name, code] of codes) {
  Object.assign(cases, {
    [`a reset by the bot with ${name} before its headers`]: { serve: ({ stream }) => stream.reset(code) },
    [`a reset by the bot with ${name} after messages`]: {
      path: chat.path,
      serve({ stream }) {
        stream.sendHeaders(grpc, false);
        stream.sendData(message("one"), false);
        stream.sendData(message("two"), false);
        stream.reset(code);
      },
    },
    [`a reset by the caller with ${name}`]: {
      path: chat.path,
      serve({ stream }) {
        stream.sendHeaders(grpc, false);
        stream.sendData(message("one"), false);
      },
      async call(call, arrived) {
        await call.send(message("one"), false);
        const { whole } = await arrived;
        await call.came(8);
        call.reset(code);
        await whole;
      },
    },
  } satisfies Record<string, Case>);
}
cases["a reset by the bot with refusedStream"] = { serve: ({ stream }) => stream.reset(errorCode.refusedStream) };

describe("a call through a gateway, frame by frame", () => {
  let stage: GatewayStage;
  let backend: RawBackend;
  let caller: Bot;
  let authorization: string;
  let direct: RawCaller;
  let through: RawCaller;

  before(async () => {
    stage = await gatewayStage();
    const scripts = Object.fromEntries(Object.entries(cases).map(([name, { serve }]) => [name, serve]));
    backend = await openRawBackend(await stage.joinAs("echo/1"), scripts);
    const gateway = await stage.gateway("gateway/1", { addresses: [backend.address] });
    caller = await stage.joinAs("caller/1");
    using client = caller.client(AuthorityService, stage.authority.address);
    const { token } = await client.issueToken({ audience: EchoService.name, scopes: ["echo:call"] });
    authorization = `Bearer ${token}`;
    direct = await connectRawCaller(caller, backend.port);
    through = await connectRawCaller(caller, gateway.port);
    await exchange(through, "metadata, binary and twice");
  });
  after(async () => {
    direct.close();
    through.close();
    backend.close();
    await stage.end();
  });

  function begin(
    by: RawCaller,
    name: string,
    { path = echo.path, headers = [] }: Pick<Case, "path" | "headers">,
  ): RawCall {
    const list = [":method", "POST", ":scheme", "https", ":path", path, ":authority", "bot", "te", "trailers"];
    const more = ["content-type", "application/grpc+proto", "user-agent", "raw/1", caseHeader, name];
    return by.call([...list, ...more, ...headers, "authorization", authorization], false);
  }

  async function exchange(by: RawCaller, name: string): Promise<Exchange> {
    const one = cases[name] as Case;
    const arrived = backend.arrival(name);
    const call = begin(by, name, one);
    await (one.call ?? ((given: RawCall) => given.send(message("hello"), true)))(call, arrived);
    await Promise.race([arrived.then(({ whole }) => whole), call.whole]);
    await call.whole;
    const there = await Promise.race([arrived, undefined]);
    if (one.early) await there?.whole;
    return { request: there?.seen, answer: call.seen };
  }

  for (const name of Object.keys(cases)) {
    it(name, async () => {
      const expected = await exchange(direct, name);
      const actual = await exchange(through, name);
      assert.deepEqual(shown(actual, cases[name]?.early), shown(expected, cases[name]?.early));
    });
  }

  /** What of an exchange has to be the same on both ways. */
  function shown({ request, answer }: Exchange, early = false) {
    return {
      request: request && {
        headers: own(request.headers),
        content: early || digest(request.content),
        trailers: request.trailers,
        reset: request.reset,
      },
      answer: {
        interim: answer.interim,
        head: answer.head && own(answer.head),
        content: digest(answer.content),
        trailers: answer.trailers && own(answer.trailers),
        // A gateway, as a bot, asks a caller that is answered to send no more (RFC 9113, section 8.1).
        reset: early || (answer.reset && { ...answer.reset, status: statusOfReset(answer.reset.code) }),
      },
    };
  }
});

const ofConnection: ReadonlySet<string> = new Set([
  ":authority",
  "authorization",
  "interlock-token-reference",
  "interlock-token-reference-offer",
  "interlock-voucher",
]);

/** The fields of a header list but for those that name the connection, and who speaks on it. */
function own(headers: HeaderList): string[] {
  const left: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!ofConnection.has(name)) left.push(name, shortened(headers[i + 1] as string));
  }
  // The order of pseudo-header fields says nothing (RFC 9113, section 8.3).
  const first = left.findIndex((text, i) => i % 2 === 0 && !text.startsWith(":"));
  const pseudo = first < 0 ? left.length : first;
  const pairs = Array.from({ length: pseudo / 2 }, (_, i) => `${left[2 * i]} ${left[2 * i + 1]}`).sort();
  return [...pairs, ...left.slice(pseudo)];
}

/** A value as a failure can show it. */
function shortened(value: string): string {
  return value.length < 100 ? value : JSON.stringify(digest(Buffer.from(value)));
}

function digest(content: Buffer) {
  return { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}
