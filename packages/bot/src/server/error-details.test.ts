import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import type { ErrorDetail } from "../base/error-detail.js";
import { type Log, silentLog } from "../base/log.js";
import type { Bot } from "../bot.js";
import type { Client } from "../client/client.js";
import { ErrorInfo } from "../gen/google/rpc/status.js";
import { HealthCheckRequest } from "../gen/grpc/health/v1/health.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { chooseTransport } from "../transport/choose-transport.js";

const type = "grpc.health.v1.HealthCheckRequest";
const detail = (service: string) => InterlockError.detail(type, HealthCheckRequest, { service });

describe("the details of an error", () => {
  let fleet: TestFleet;
  const bots: Bot[] = [];
  const lines: [string, object][] = [];
  const log: Log = { ...silentLog, warn: (message, fields = {}) => void lines.push([message, fields]) };

  before(function () {
    if (chooseTransport() === "grpc-js") this.skip();
  });
  beforeEach(async () => {
    fleet = await createTestFleet();
    lines.length = 0;
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  /** The error that a caller gets for one that a handler throws. */
  async function serve(thrown: () => unknown): Promise<() => Promise<InterlockError>> {
    const bot = await fleet.bot("echo/1", undefined, { log });
    const fail = () => {
      throw thrown();
    };
    const { address } = await bot.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, { echo: fail, count: fail, join: fail, chat: fail, open: fail, reset: fail }),
    );
    const caller = await fleet.bot("caller/1");
    bots.push(bot, caller);
    const echo: Client<typeof EchoService> = caller.client(EchoService, address);
    return () => echo.echo({}).then(() => assert.fail(), InterlockError.from);
  }

  it("are messages of any type, which the caller finds by their types, beside a reason or without one", async () => {
    for (const reason of [{}, { reason: "JAMMED", domain: "cafe", metadata: { at: "3 mm" } }]) {
      const call = await serve(
        () => new InterlockError("ABORTED", "It is jammed.", { ...reason, details: [detail("a"), detail("b")] }),
      );
      const error = await call();
      assert.equal(error.code, "ABORTED");
      assert.equal(error.message, "It is jammed.");
      assert.equal(error.reason, reason.reason);
      assert.deepEqual(error.metadata, reason.metadata ?? {});
      assert.equal(error.details.length, 2);
      assert.deepEqual(error.findDetail(type, HealthCheckRequest), { service: "a" });
      assert.equal(error.findDetail("grpc.health.v1.Other", HealthCheckRequest), undefined);
    }
  });

  it("are bounded: what does not fit is left out, and logged once for a method", async () => {
    const call = await serve(
      () =>
        new InterlockError("ABORTED", "x", {
          details: [detail("y".repeat(4_000)), detail("z".repeat(400)), detail("small")],
        }),
    );
    for (let i = 0; i < 3; i++) {
      const { details } = await call();
      assert.deepEqual(
        details.map(({ value }) => HealthCheckRequest.decode(value).service.length),
        [4_000, 5],
      );
    }
    assert.deepEqual(lines, [["error details left out", { method: EchoService.methods.echo.path, types: type }]]);
  });

  it("cannot pass for a denial", async () => {
    const info = { reason: "SCOPE_MISSING", domain: "interlock", metadata: {} };
    const passing = (prefix: string): ErrorDetail => ({
      typeUrl: `${prefix}google.rpc.ErrorInfo`,
      value: ErrorInfo.encode(info).finish(),
    });
    assert.throws(() => InterlockError.detail("google.rpc.ErrorInfo", ErrorInfo, info), TypeError);
    for (const prefix of ["type.googleapis.com/", "", "example.com/x/"]) {
      assert.throws(() => new InterlockError("ABORTED", "x", { details: [passing(prefix)] }), TypeError);
      const details = [detail("a")];
      const call = await serve(() => {
        const error = new InterlockError("ABORTED", "x", { details });
        details.unshift(passing(prefix) as never); // After it was checked.
        return error;
      });
      const denials: unknown[] = [];
      fleet.recorder.onDenial((denial) => denials.push(denial));
      const error = await call();
      assert.equal(error.reason, undefined);
      assert.deepEqual(error.findDetail(type, HealthCheckRequest), { service: "a" });
      assert.equal(error.details.length, 1);
      assert.deepEqual(denials, []);
    }
  });

  it("have the full name of a message", () => {
    for (const name of ["", "a b", "/", "x/", "type.googleapis.com/a-b"]) {
      assert.throws(() => InterlockError.detail(name, HealthCheckRequest, {}), TypeError);
    }
  });

  it("of another bot's error do not pass through a handler", async () => {
    const call = await serve(() => new InterlockError("CANCELLED", "x", { remote: true, details: [detail("a")] }));
    assert.deepEqual((await call()).details, []);
  });
});
