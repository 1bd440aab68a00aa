import assert from "node:assert/strict";
import { once } from "node:events";
import { conformanceService } from "../conformance/conformance-service.js";
import { UnaryRequest, UnaryResponse } from "../gen/connectrpc/conformance/v1/service.js";
import { type ConnectStage, connectStage, pathOf, type Script } from "./connect-stage.js";
import { eachEnvelope, enveloped } from "./envelopes.js";

const messageBytes = 65_536;
const mostBytes = 4 * 1_024 * 1_024;

describe("the Connect port of a gateway, under strain", () => {
  let stage: ConnectStage;
  let caller: Script;
  let sent = 0;
  /** Lets the calls go on that wait in the bot. */
  let release = () => {};
  let arrived: Promise<void>;
  let arrive = () => {};
  let canceled: Promise<void>;
  let cancel = () => {};

  beforeEach(async () => {
    sent = 0;
    const released = new Promise<void>((resolve) => (release = resolve));
    arrived = new Promise((resolve) => (arrive = resolve));
    stage = await connectStage(
      {},
      {
        async unary(request, context) {
          if (request.responseDefinition) return conformanceService.unary(request, context);
          context.signal.addEventListener("abort", () => cancel());
          arrive();
          await released;
          return { payload: { data: new Uint8Array(), requestInfo: undefined } };
        },
        async *serverStream() {
          for (;;) {
            yield { payload: { data: Buffer.alloc(messageBytes), requestInfo: undefined } };
            sent += messageBytes;
          }
        },
      },
    );
    caller = await stage.script("caller/1");
  });
  afterEach(async () => {
    release();
    await stage.end();
  });

  const headersOf = (type: string) => ({ "content-type": type, authorization: `Bearer ${caller.token}` });
  const unary = (request: object) =>
    caller.fetch(pathOf("Unary"), {
      method: "POST",
      body: JSON.stringify(request),
      headers: headersOf("application/json"),
    });

  it("stops a bot whose answers nobody reads, and no other call", async () => {
    const stream = await caller.fetch(pathOf("ServerStream"), {
      method: "POST",
      body: enveloped(""),
      headers: headersOf("application/connect+proto"),
    });
    for (let i = 0; i < 50; i++) {
      const answer = await unary({ responseDefinition: { responseData: "" } });
      assert.equal(answer.status, 200);
      await answer.text();
    }
    assert.ok(sent < 2 * mostBytes, `${sent} bytes`);
    let read = 0;
    for await (const { content } of eachEnvelope(stream.body)) {
      read += content.length;
      if (read > 4 * mostBytes) break;
    }
    assert.ok(sent > 2 * mostBytes, `${sent} bytes`);
  });

  it("passes messages of nearly 2 and 4 MiB", async () => {
    const value = Buffer.alloc(mostBytes / 2 - 2_048, 1);
    const request = UnaryRequest.fromPartial({ responseDefinition: { response: { $case: "responseData", value } } });
    const answer = await caller.fetch(pathOf("Unary"), {
      method: "POST",
      body: UnaryRequest.encode(request).finish(),
      headers: headersOf("application/proto"),
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    assert.ok(bytes.length > mostBytes - 8_192, `${bytes.length} bytes`); // The bot gives the request back, too.
    assert.deepEqual(Buffer.from(UnaryResponse.decode(bytes).payload?.data ?? []), value);
  });

  it("asks for a body only when the call has been admitted", async () => {
    const socket = await caller.connect();
    const head = (token: string) =>
      [
        `POST ${pathOf("Unary")} HTTP/1.1`,
        "Host: gateway",
        "Content-Type: application/json",
        "Content-Length: 29",
        "Expect: 100-continue",
        `Authorization: Bearer ${token}`,
        "\r\n",
      ].join("\r\n");
    socket.write(head(caller.token));
    assert.match(String(await once(socket, "data")), /^HTTP\/1.1 100 Continue/);
    socket.write('{"responseDefinition":{}     ');
    assert.match(String(await once(socket, "data")), /^HTTP\/1.1 400 Bad Request/);
    socket.write(head("none"));
    const [refused] = await once(socket, "data");
    assert.match(String(refused), /^HTTP\/1.1 401 Unauthorized.*connection: close/is);
    await once(socket.resume(), "end");
  });

  const bare = () =>
    `POST ${pathOf("Unary")} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n` +
    `Authorization: Bearer ${caller.token}\r\nContent-Length: 2\r\n\r\n{}`;

  it("answers one request of a connection at a time, and ends it where another one comes before", async () => {
    const socket = await caller.connect();
    socket.write(bare().repeat(3));
    await arrived;
    assert.equal(stage.gateway.open().calls, 1);
    release();
    let text = "";
    for await (const part of socket) text += part;
    assert.equal(text.match(/HTTP\/1.1 200 OK/g)?.length, 1);
    assert.match(text, /connection: close/i);
  });

  it("ends the call of a connection that goes, whatever else has come on it", async () => {
    for (const count of [1, 2]) {
      const socket = await caller.connect();
      canceled = new Promise((resolve) => (cancel = resolve));
      const called = new Promise<void>((resolve) => (arrive = resolve));
      socket.write(bare().repeat(count));
      await called;
      socket.destroy();
      await canceled;
    }
    while (stage.gateway.open().calls > 0) await new Promise(setImmediate);
  });

  it("ends a connection on which requests come and come", async () => {
    const socket = await caller.connect();
    socket.on("error", () => {}).resume();
    socket.write(bare().repeat(40));
    await once(socket, "close");
  });

  it("lets the calls under way finish when it closes, and ends connections that wait", async () => {
    const idle = await caller.connect();
    const busy = unary({});
    await arrived;
    const closed = stage.gateway.close(60_000);
    await once(idle.resume(), "end");
    release();
    const answer = await busy;
    assert.deepEqual([answer.status, answer.headers.get("connection")], [200, "close"]);
    await closed;
  });
});

describe("the Connect port of a gateway with little room for requests", () => {
  it("refuses what is more, and lets it go when its caller does", async () => {
    const stage = await connectStage({ requestBytesPerPeer: 1_048_576 });
    try {
      const { connect, token } = await stage.script("caller/1");
      const head = `POST ${pathOf("Unary")} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/proto\r\n`;
      const begin = `${head}Authorization: Bearer ${token}\r\nContent-Length: 900000\r\n\r\n`;
      const sockets = await Promise.all([connect(), connect()]);
      for (const socket of sockets) socket.write(Buffer.concat([Buffer.from(begin), Buffer.alloc(700_000)]));
      const [refused] = await Promise.race(sockets.map((socket) => once(socket, "data")));
      assert.match(String(refused), /^HTTP\/1.1 429 .*REQUEST_BYTES_LIMIT/s);
      for (const socket of sockets) socket.destroy();
      const again = await connect();
      again.write(begin);
      again.write(Buffer.alloc(900_000));
      assert.match(String((await once(again, "data"))[0]), /^HTTP\/1.1 (?!429)/);
      again.destroy();
    } finally {
      await stage.end();
    }
  });
});
