import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { type Bot, InterlockError } from "@interlock/bot";
import { type RawAnswer, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { connectRaw } from "../contract/raw-http2.js";
import { DoorService } from "./door-service.js";
import { type EnvoyStage, envoyStage } from "./envoy-stage.js";
import { findEnvoy, skipWithoutEnvoy } from "./find-envoy.js";

const { echo, limited, named, open, sunset } = DoorService.methods;

describe("Envoy in front of a bot", function () {
  this.timeout(120_000);
  const program = findEnvoy();
  let stage: EnvoyStage;
  let caller: Bot;
  let session: ClientHttp2Session;

  before(async function () {
    if (!program) skipWithoutEnvoy(this);
    stage = await envoyStage(program, { callerRate: { perSecond: 1, burst: 100 } });
    caller = await stage.joinAs("caller/1");
    session = rawSession(stage.envoy.port, shows(caller.identity.current()));
  });
  after(async () => {
    session?.destroy();
    await stage?.end();
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") process.stderr.write(`${stage?.envoy.log.join("\n")}\n`);
  });

  const refusal = (call: Promise<unknown>): Promise<InterlockError> =>
    call.then(
      () => assert.fail("the call passed"),
      (error) => InterlockError.from(error),
    );
  const withToken = async (path: string, bot = caller): Promise<RawAnswer> =>
    rawCall(session, path, { authorization: await stage.authorizationOf(bot) });

  it("passes all four kinds of calls; the bot sees the caller, and the gateway that acts for it", async () => {
    const client = stage.client(caller);
    const expected = { subject: "caller/1", via: "gateway/1", forged: "" };
    assert.deepEqual(await client.echo({ reason: "hello" }), { reason: "hello", domain: "", metadata: expected });
    const counted = [];
    for await (const { reason, metadata } of client.count({ reason: "3" }))
      counted.push(`${reason} ${metadata.subject}`);
    assert.deepEqual(counted, ["0 caller/1", "1 caller/1", "2 caller/1"]);
    const joined = await client.join([{ reason: "a" }, { reason: "b" }]);
    assert.deepEqual([joined.reason, joined.metadata], ["ab", expected]);
    const said = [];
    for await (const { reason } of client.chat([{ reason: "x" }, { reason: "y" }])) said.push(reason);
    assert.deepEqual(said, ["x", "y"]);
  });

  it("calls a method that takes no token as the gateway itself, and does not pass the caller's token on", async () => {
    const opened = await stage.client(caller).open({});
    assert.deepEqual([opened.metadata.subject, opened.metadata.via], ["gateway/1", ""]);
    assert.equal((await withToken(open.path)).status, 0);
  });

  it("passes an error of the bot with its reason", async () => {
    const { code, reason } = await refusal(stage.client(caller).echo({ reason: "fail" }));
    assert.deepEqual([code, reason], ["NOT_FOUND", "NO_ITEM"]);
  });

  it("refuses with the reason and the details of a bot, and records it", async () => {
    const reader = await stage.joinAs("reader/1");
    const { code, reason, metadata, callId } = await refusal(stage.client(reader).reset({}));
    assert.deepEqual([code, reason], ["PERMISSION_DENIED", "SCOPE_MISSING"]);
    assert.deepEqual(metadata, { needed: "echo:reset", held: "" });
    const denial = stage.denials.find((one) => one.callId === callId);
    assert.equal(denial?.caller, "spiffe://cafe/reader/1");
    const line = await stage.envoy.logged(({ caller: by }) => by === denial?.caller);
    assert.deepEqual([line.code, line.reason], ["PERMISSION_DENIED", "SCOPE_MISSING"]);
  });

  for (const [what, path, status] of [
    ["for another service", echo.path, 16],
    ["for a method with other callers", named.path, 7],
    ["for a method past its sunset", sunset.path, 12],
    ["for a method that does not exist", "/test.DoorService/None", 12],
    ["for a service that the manifest does not name", "/test.OtherService/Echo", 12],
  ] as const) {
    it(`answers a token ${what} with ${status}, and no handler runs`, async () => {
      const handled = stage.served.handled.length;
      const service = what === "for another service" ? "test.OtherService" : DoorService.name;
      const authorization = await stage.authorizationOf(caller, service);
      assert.equal((await rawCall(session, path, { authorization })).status, status);
      assert.equal((await withToken(echo.path)).status, 0, "the control");
      assert.equal(stage.served.handled.length, handled + 1);
    });
  }

  it("answers no token with 16, and one that another bot shows", async () => {
    assert.equal((await rawCall(session, echo.path)).status, 16);
    const authorization = await stage.authorizationOf(await stage.joinAs("caller/2"));
    const answer = await rawCall(session, echo.path, { authorization });
    assert.deepEqual([answer.status, answer.message], [16, "The token is another bot's."]);
  });

  it("joins two authorization headers, so that there is no token", async () => {
    const authorization = await stage.authorizationOf(caller);
    const connection = await connectRaw(stage.envoy.port, shows(caller.identity.current()));
    const twice = [
      ["authorization", authorization],
      ["authorization", authorization],
    ] as const;
    assert.equal(await connection.call(echo.path, twice), 16);
    connection.destroy();
  });

  it("passes none of the headers with which a caller could pass for another, or for Envoy", async () => {
    const answer = await rawCall(session, echo.path, {
      authorization: await stage.authorizationOf(caller),
      "x-forwarded-client-cert": "Hash=00;URI=spiffe://cafe/captain/1",
      "x-forwarded-for": "10.0.0.1",
      forwarded: "for=10.0.0.1",
      "x-real-ip": "10.0.0.1",
      "interlock-upstream": "interlock.authorization",
      "interlock-caller": "captain/1",
      "x-envoy-retry-on": "5xx",
      "x-envoy-upstream-rq-timeout-ms": "1",
    });
    assert.equal(answer.status, 0);
    assert.deepEqual(echo.response.decode(answer.body.subarray(5)).metadata, {
      subject: "caller/1",
      via: "gateway/1",
      forged: "",
    });
  });

  it("is the only way: a bot refuses who comes around the door", async () => {
    const { port } = stage.served.server;
    const around = rawSession(port, shows(caller.identity.current()));
    const authorization = await stage.authorizationOf(caller);
    const handled = stage.served.handled.length;
    assert.equal((await rawCall(around, echo.path, { authorization })).status, 16);
    around.destroy();
    assert.equal(stage.served.handled.length, handled);
  });

  it("says whether the door serves a service, and to nobody without a certificate", async () => {
    const asked = (service: string) => caller.health(stage.address, { server: "gateway/1", service });
    assert.equal(await asked(DoorService.name), "SERVING");
    assert.equal(await asked("test.OtherService"), "UNKNOWN");
    const stranger = rawSession(stage.envoy.port);
    assert.equal((await rawCall(stranger, "/grpc.health.v1.Health/Check")).status, undefined);
    stranger.destroy();
  });

  it("answers the rate of a method with 8, by caller", async () => {
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await withToken(limited.path)).status);
    assert.deepEqual(statuses, [0, 0, 0, 8, 8]);
    const other = stage.client(await stage.joinAs("caller/3"));
    assert.equal((await other.limited({})).metadata.subject, "caller/3");
  });

  it("answers a flood with 8, and never with 14; another caller does not notice", async () => {
    const flooder = await stage.joinAs("caller/4");
    const flood = rawSession(stage.envoy.port, shows(flooder.identity.current()));
    const answers = await Promise.all(Array.from({ length: 400 }, () => rawCall(flood, open.path)));
    const statuses = new Map<unknown, number>();
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    assert.deepEqual([...statuses.keys()].sort(), [0, 8]);
    assert.ok((statuses.get(0) ?? 0) <= 110, `${statuses.get(0)} calls passed`);
    assert.equal((await withToken(echo.path)).status, 0, "the bystander");
    const { reason, metadata, details } = await refusal(stage.client(flooder).open({}));
    assert.equal(reason, "RATE_LIMITED");
    assert.ok(Number(metadata.retryAfterMs) > 0);
    assert.deepEqual(
      details.map(({ typeUrl }) => typeUrl),
      ["type.googleapis.com/google.rpc.RetryInfo"],
    );
    flood.destroy();
  });

  it("ends a stream of a bot that is revoked, and refuses its next call", async () => {
    const revoked = await stage.joinAs("caller/5");
    const client = stage.client(revoked);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    async function* requests() {
      yield { reason: "first" };
      await held;
    }
    const answers = client.chat(requests())[Symbol.asyncIterator]();
    assert.equal((await answers.next()).value.reason, "first");
    await stage.authority.revoke({ kind: "identity", subject: revoked.spiffeId.uri }, "stolen");
    const { code } = await refusal(answers.next());
    release();
    assert.equal(code, "UNAUTHENTICATED");
    const again = rawSession(stage.envoy.port, shows(revoked.identity.current()));
    assert.equal((await rawCall(again, open.path)).status, 16);
    again.destroy();
  });

  it("answers 14 without the authorization service, and never passes a call", async () => {
    const handled = stage.served.handled.length;
    const authorization = await stage.authorizationOf(caller);
    await stage.authorization.close(0);
    for (const path of [echo.path, open.path, "/test.DoorService/None"]) {
      assert.equal((await rawCall(session, path, { authorization })).status, 14, path);
    }
    assert.equal(stage.served.handled.length, handled);
  });
});
