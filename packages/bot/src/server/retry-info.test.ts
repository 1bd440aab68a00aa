import assert from "node:assert/strict";
import { once } from "node:events";
import type { OutgoingHttpHeaders } from "node:http2";
import { denial, InterlockError } from "../base/error.js";
import { RetryInfo, Status } from "../gen/google/rpc/status.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const infoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
const retryUrl = "type.googleapis.com/google.rpc.RetryInfo";
const { echo, open } = EchoService.methods;

describe("the time after which a refused caller may come again", () => {
  let fleet: TestFleet;
  let server: EchoServer | undefined;
  // It stands still, so a limit allows nothing more.
  let now: number;
  beforeEach(async () => {
    now = Date.now();
    fleet = await createTestFleet({ now: () => now });
  });
  afterEach(async () => {
    await server?.bot.close(0);
    server = undefined;
  });

  /** Calls once without any library; gives the status and its details as they were on the wire. */
  async function call(port: number, path: string, more: OutgoingHttpHeaders = {}, name = "caller/1") {
    const caller = await fleet.ca.issue(`spiffe://test/${name}`);
    const session = rawSession(port, shows(caller));
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"])}`,
      ...more,
    });
    const answer: Record<string, unknown> = {};
    const read = (headers: object) => Object.assign(answer, headers);
    stream.on("response", read).on("trailers", read).resume().end(Buffer.alloc(5));
    await once(stream, "close");
    session.destroy();
    const bytes = Buffer.from(String(answer["grpc-status-details-bin"] ?? ""), "base64");
    return { code: Number(answer["grpc-status"]), bytes, details: Status.decode(bytes).details };
  }

  it("stands in google.rpc.RetryInfo beside the reason, and the code is 8", async () => {
    server = await serveEcho(fleet, {}, { callerRate: { perSecond: 0.4, burst: 1 } });
    assert.equal((await call(server.port, echo.path)).code, 0);
    const { code, details } = await call(server.port, echo.path);
    assert.equal(code, 8);
    assert.deepEqual(
      details.map(({ typeUrl }) => typeUrl),
      [infoUrl, retryUrl],
    );
    // By hand: a field 1 of 7 bytes, with seconds (1) = 2 and nanos (2) = 500,000,000.
    assert.equal(Buffer.from(details[1]?.value ?? []).toString("hex"), "0a0808021080cab5ee01");
  });

  it("stands there as well when a handler refuses, and never twice", async () => {
    const own = InterlockError.detail("google.rpc.RetryInfo", RetryInfo, { retryDelay: { seconds: 9n } });
    const thrown = [
      denial("RATE_LIMITED", "", { retryAfterMs: "1" }),
      new InterlockError("RESOURCE_EXHAUSTED", "The queue is full.", {
        details: [own],
        metadata: { retryAfterMs: "1" },
      }),
      denial("RATE_LIMITED", "", { retryAfterMs: "soon" }),
      denial("RATE_LIMITED", "", { retryAfterMs: "-5" }),
      denial("RATE_LIMITED", "", { retryAfterMs: String(Number.MAX_SAFE_INTEGER) }),
      denial("SCOPE_MISSING", "", { retryAfterMs: "1" }),
    ];
    const fail = () => {
      throw thrown.shift();
    };
    server = await serveEcho(fleet, { open: fail });
    const told: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      const { details } = await call(server.port, open.path);
      const retries = details.filter(({ typeUrl }) => typeUrl === retryUrl);
      told.push(retries.map(({ value }) => RetryInfo.decode(value).retryDelay));
    }
    assert.deepEqual(told, [
      [{ seconds: 0n, nanos: 1_000_000 }],
      [{ seconds: 9n, nanos: 0 }],
      [],
      [],
      [{ seconds: 86_400n, nanos: 0 }],
      [],
    ]);
  });

  it("has room beside the longest reason and message, and is found by our client", async () => {
    const long = "x".repeat(9_000);
    const metadata = { retryAfterMs: "20", ...Object.fromEntries([..."abcdef"].map((name) => [name, long])) };
    const fail = () => {
      throw denial("RATE_LIMITED", long, metadata);
    };
    server = await serveEcho(fleet, { open: fail });
    const { code, bytes, details } = await call(server.port, open.path);
    assert.equal(code, 8);
    assert.ok(bytes.length < 4_352, `${bytes.length} bytes`);
    assert.equal(details[1]?.typeUrl, retryUrl);
    const caller = await fleet.bot("caller/2");
    try {
      const error = await caller
        .client(EchoService, server.address)
        .open({})
        .then(() => assert.fail(), InterlockError.from);
      assert.equal(error.metadata.retryAfterMs, "20");
      assert.equal(error.findDetail("google.rpc.RetryInfo", RetryInfo)?.retryDelay?.nanos, 20_000_000);
    } finally {
      await caller.close(0);
    }
  });
});
