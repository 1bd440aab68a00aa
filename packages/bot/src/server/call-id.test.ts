import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { createCallId } from "../base/call-id.js";
import { denial, InterlockError } from "../base/error.js";
import { decodeErrorInfo } from "../base/error-details.js";
import { type Log, type LogFields, silentLog } from "../base/log.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { toStatus } from "./live-call.js";

const OneService = { ...EchoService, methods: { echo: EchoService.methods.echo } };
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("the id of a call", () => {
  let fleet: TestFleet;
  let lines: { readonly message: string; readonly fields: LogFields | undefined }[];
  let log: Log;

  beforeEach(async () => {
    fleet = await createTestFleet();
    lines = [];
    const take = (message: string, fields?: LogFields) => {
      lines.push({ message, fields });
    };
    log = { ...silentLog, warn: take, error: take };
  });

  async function failing(call: {
    readonly scopes?: readonly [];
    readonly metadata?: Metadata;
    readonly denied?: boolean;
  }) {
    const server = await fleet.bot("server/1", undefined, { log });
    let handled: string | undefined;
    const serving = await server.serve({ port: 0 }, (routes) =>
      routes.add(OneService, {
        async echo(_request, { callId }) {
          handled = callId;
          if (call.denied) throw new InterlockError("PERMISSION_DENIED", "No.", { reason: "SCOPE_MISSING" });
          throw new Error("a fault");
        },
      }),
    );
    const client = (await fleet.bot("client/1", call.scopes)).client(OneService, serving.address);
    const error = await client.echo({ reason: "a" }, { metadata: call.metadata ?? new Metadata() }).then(
      () => assert.fail("it was admitted"),
      (thrown: unknown) => InterlockError.from(thrown),
    );
    await server.close(0);
    return { error, handled };
  }

  it("is in the refusing bot's log, and in the caller's error", async () => {
    const { error } = await failing({ scopes: [] });
    assert.equal(error.reason, "SCOPE_MISSING");
    assert.match(error.callId ?? "", /^[0-9a-f]{16}$/);
    const [line] = lines;
    assert.deepEqual(
      [line?.message, line?.fields?.callId, line?.fields?.reason],
      ["call denied", error.callId, "SCOPE_MISSING"],
    );
  });

  it("is the trace id that the caller sent", async () => {
    const metadata = new Metadata();
    metadata.set("traceparent", `00-${trace}-00f067aa0ba902b7-01`);
    const { error } = await failing({ scopes: [], metadata });
    assert.deepEqual([error.callId, lines[0]?.fields?.callId], [trace, trace]);
  });

  it("is the same for the handler, the log and the caller when a handler fails", async () => {
    const { error, handled } = await failing({});
    assert.deepEqual([error.code, error.callId, lines[0]?.message], ["INTERNAL", handled, "handler failed"]);
    assert.equal(lines[0]?.fields?.callId, handled);
  });

  it("is in the log and the answer when a handler denies", async () => {
    const { error, handled } = await failing({ denied: true });
    assert.deepEqual([error.reason, error.callId, lines[0]?.fields?.callId], ["SCOPE_MISSING", handled, handled]);
  });

  it("is that of its own call where one error ends many", () => {
    const error = denial("IDENTITY_REVOKED");
    const statuses = ["0123456789abcdef", undefined, "fedcba9876543210"].map((callId) => toStatus(error, callId));
    const ids = statuses.map(({ metadata }) => metadata.get("interlock-call-id"));
    assert.deepEqual(ids, [["0123456789abcdef"], [], ["fedcba9876543210"]]);
    for (const { metadata } of statuses) assert.equal(decodeErrorInfo(metadata)?.reason, "IDENTITY_REVOKED");
    assert.equal(decodeErrorInfo(toStatus(denial("TOKEN_REVOKED")).metadata)?.reason, "TOKEN_REVOKED");
  });

  it("is random for a malformed trace, and for one that nobody records", () => {
    for (const value of [
      "",
      "00-x",
      `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
      `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
      `00-${trace}-00f067aa0ba902b7-00`,
    ]) {
      const metadata = new Metadata();
      metadata.set("traceparent", value);
      assert.match(createCallId(metadata), /^[0-9a-f]{16}$/, value);
    }
  });
});
