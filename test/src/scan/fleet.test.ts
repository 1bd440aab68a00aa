import assert from "node:assert/strict";
import type { ScanIdentity } from "@interlock/audit";
import { type BotServer, certificatesToPem } from "@interlock/bot";
import { createTestFleet, EchoService, type TestFleet } from "@interlock/bot/testing";
import { scanTarget } from "./scan-target.js";

const methods = () => Object.values(EchoService.methods);

describe("a scan of a bot of Interlock", () => {
  let fleet: TestFleet;
  let server: BotServer;
  let identity: ScanIdentity;
  const denied: string[] = [];
  let started = 0;

  before(async () => {
    fleet = await createTestFleet();
    fleet.recorder.onDenial(({ reason, method, caller }) => denied.push([reason, method, caller].join(" ")));
    const bot = await fleet.bot("echo/1");
    const run = () => {
      started++;
      throw new Error("a handler has started");
    };
    const handlers = Object.fromEntries(Object.keys(EchoService.methods).map((name) => [name, run]));
    server = await bot.serve({ port: 0 }, (routes) => routes.add(EchoService, handlers as never));
    const { privateKey, chain, spiffeId } = await fleet.ca.issue("spiffe://test/operator/ada");
    identity = {
      spiffeId: spiffeId.uri,
      key: privateKey,
      chain: certificatesToPem(chain),
      ca: certificatesToPem([fleet.ca.der]),
    };
  });
  after(() => server.close(0));

  it("shows a stranger that it demands a certificate, and nothing else", async () => {
    const { sentences, tls, ...port } = await scanTarget(server, { methods });
    assert.deepEqual(sentences, [
      "It demands a client certificate, and refuses one that no known CA has signed.",
      "Its certificate tells who it is: spiffe://test/echo/1.",
      "It accepts TLS 1.3.",
      "It agrees to speak HTTP/2 over TLS, and shows nothing more to a stranger.",
    ]);
    assert.deepEqual([port.answersWithoutToken, port.open, port.services], ["no", [], []]);
    assert.equal(tls?.certificate?.isOfFleet, undefined);
    assert.equal(denied.length, (port.connections ?? 0) - 1, "each connection is on record as refused");
    assert.ok(denied.every((each) => each.split(" ")[1] === "" && each.endsWith(" ")));
  });

  it("shows a bot of the fleet that a call without a token is refused", async () => {
    denied.length = 0;
    const { member, tls, protocol, software } = await scanTarget(server, { methods, identity });
    assert.deepEqual(member, {
      open: ["grpc.health.v1.Health"],
      services: [],
      answersWithoutToken: "no",
      // Not the one that any bot may call, and none with a stream.
      methods: { "/test.EchoService/Echo": "refused", "/test.EchoService/Reset": "refused" },
    });
    assert.deepEqual([protocol, software, tls?.certificate?.isOfFleet], ["grpc", "Interlock", true]);
    const calls = denied.filter((each) => each.endsWith(" spiffe://test/operator/ada"));
    assert.ok(calls.length > 0);
    assert.ok(calls.every((each) => each.startsWith("TOKEN_MISSING /")));
  });

  it("has started no handler", () => assert.equal(started, 0));
});
