import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bot } from "@interlock/bot";
import { createTestFleet, EchoService, rawSession, shows, type TestFleet } from "@interlock/bot/testing";
import { openSidecar, type Sidecar } from "@interlock/gateway";

const { methods } = EchoService;
const answer = { ":status": 200, "content-type": "application/grpc" } as const;
/** Far more than windows and sockets hold. */
const manyBytes = 64 * 1_024 * 1_024;
/** What two windows of 256 KiB, the sockets of two connections and Node's own buffers hold at most. */
const heldBytes = 16 * 1_024 * 1_024;

describe("the bytes of a call to the program beside a sidecar", () => {
  let folder: string;
  let fleet: TestFleet;
  let program: Http2Server;
  let serve: (stream: ServerHttp2Stream) => void;
  let caller: Bot;
  let sidecar: Sidecar;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ilk-bytes-"));
    fleet = await createTestFleet();
    program = createServer();
    program.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      if (headers[":path"] === methods.open.path) echo(stream);
      else serve(stream);
    });
    const path = join(folder, "program.sock");
    program.listen(path);
    await once(program, "listening");
    const bot = await fleet.bot("echo/1");
    caller = await fleet.bot("caller/1");
    sidecar = await openSidecar(bot, { inbound: { port: 0, services: [EchoService], program: `unix://${path}` } });
    while ((await caller.health(sidecar.inbound?.address ?? "", { service: EchoService.name })) !== "SERVING");
  });
  after(async () => {
    await sidecar.close(0);
    program.close();
    await rm(folder, { recursive: true });
  });

  /** Begins a call as a caller that writes its frames itself. */
  async function begin(path: string) {
    const identity = caller.identity.current();
    const session = rawSession(sidecar.inbound?.port ?? 0, shows(identity));
    const authorization = `Bearer ${await fleet.token(identity, EchoService.name, ["echo:call"])}`;
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      authorization,
    });
    stream.on("error", () => {});
    return { session, stream };
  }
  function echo(stream: ServerHttp2Stream): void {
    stream.respond(answer, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5));
    stream.resume();
  }
  /** A hundred calls there and back: what is on its way has come by then. */
  async function others(): Promise<void> {
    const client = caller.client(EchoService, sidecar.inbound?.address ?? "");
    for (let i = 0; i < 100; i++) await client.open({});
  }
  /** Writes as long as somebody takes it, and gives how much that was once nobody does during a hundred calls of others. */
  async function fill(stream: NodeJS.WritableStream): Promise<number> {
    const message = Buffer.alloc(64 * 1_024 + 5);
    message.writeUInt32BE(64 * 1_024, 1);
    let written = 0;
    while (written < manyBytes) {
      written += message.length;
      if (stream.write(message)) continue;
      const drained = once(stream, "drain").then(() => true);
      const isStuck = others().then(() => false);
      if (!(await Promise.race([drained, isStuck]))) break;
    }
    return written;
  }

  for (const code of [1, 2, 7, 8, 11]) {
    it(`end with the reset code of the program, ${code}`, async () => {
      serve = (stream) => stream.close(code);
      const { session, stream } = await begin(methods.echo.path);
      const closed = new Promise((resolve) => stream.once("close", resolve));
      stream.end(Buffer.alloc(5));
      await closed;
      assert.equal(stream.rstCode, code);
      session.destroy();
    });
  }

  it("end early where the program answers before it has read them", async () => {
    serve = (stream) => {
      stream.respond({ ...answer, "grpc-status": "9", "grpc-message": "enough" }, { endStream: true });
    };
    const { session, stream } = await begin(methods.join.path);
    stream.write(Buffer.alloc(5));
    // The sidecar says of the connection how to vouch for it, in headers: so the status comes in trailers.
    const [trailers] = await once(stream.resume(), "trailers");
    assert.deepEqual([trailers["grpc-status"], trailers["grpc-message"]], ["9", "enough"]);
    if (!stream.closed) await once(stream, "close");
    assert.equal(stream.rstCode, 0);
    session.destroy();
  });

  it("tell the program that the caller has canceled", async () => {
    const canceled = new Promise<number>((resolve) => {
      serve = (stream) => {
        stream.respond(answer);
        stream.write(Buffer.alloc(5));
        stream.once("close", () => resolve(stream.rstCode ?? 0));
      };
    });
    const { session, stream } = await begin(methods.chat.path);
    await once(stream, "response");
    stream.close(8);
    assert.equal(await canceled, 8);
    session.destroy();
  });

  it("stop at a program that does not read, while the calls of others go on", async () => {
    serve = (stream) => stream.respond(answer); // It reads nothing.
    const slow = await begin(methods.chat.path);
    await once(slow.stream, "response");
    const written = await fill(slow.stream);
    assert.ok(written < heldBytes, `${written} bytes were taken`);
    slow.session.destroy();
  });

  it("stop at a caller that does not read, while the calls of others go on", async () => {
    let filled: Promise<number> | undefined;
    serve = (stream) => {
      stream.respond(answer);
      filled ??= fill(stream);
    };
    const slow = await begin(methods.count.path);
    slow.stream.end(Buffer.alloc(5));
    await once(slow.stream, "response");
    slow.stream.pause();
    const written = (await filled) ?? 0;
    assert.ok(written < heldBytes, `${written} bytes were taken`);
    slow.session.destroy();
  });
});
