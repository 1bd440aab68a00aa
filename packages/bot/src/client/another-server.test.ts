import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { createObservable, type MutableObservable } from "../base/observable.js";
import type { Reason } from "../base/reason.js";
import type { Bot } from "../bot.js";
import type { Identity } from "../identity/identity.js";
import { tlsContext } from "../identity/tls-context.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createTrust, type MutableTrust, type TrustState } from "../trust/trust.js";

const first = "spiffe://test/echo/1";

/** One address may be one bot's, and then another's, of which one is not honest. */
describe("a stream whose server is refused,", () => {
  let fleet: TestFleet;
  let old: TestCa; // Whose root is withdrawn.
  let rogue: Http2SecureServer;
  let sessions: ServerHttp2Session[];
  let identity: MutableObservable<Identity>;
  let trust: MutableTrust; // The caller's own: the servers do as they like.
  let caller: Bot;
  let ticks: AsyncIterator<unknown>;
  let vouched: Promise<void>;

  beforeEach(async () => {
    fleet = await createTestFleet();
    old = await createTestCa("old");
    sessions = [];
    rogue = createSecureServer({ ...(await contextOf(first, old)), requestCert: true });
    rogue.on("session", (session) => sessions.push(session));
    vouched = new Promise((resolve) => rogue.on("stream", (stream, headers) => answer(stream, headers, resolve)));
    rogue.listen(0, "127.0.0.1");
    await once(rogue, "listening");
    identity = createObservable(await fleet.ca.issue("spiffe://test/caller/1"));
    trust = createTrust({ ...fleet.trust.state, caCertificates: [old.der, fleet.ca.der] });
    caller = await fleet.bot("caller/1", undefined, { identity, trust });
    ticks = client().count({})[Symbol.asyncIterator]();
    await ticks.next();
  });
  afterEach(async () => {
    await caller.close(0);
    for (const session of sessions) session.destroy();
    rogue.close();
  });

  const client = () => caller.client(EchoService, `127.0.0.1:${(rogue.address() as AddressInfo).port}`);
  const contextOf = async (uri: string, ca = fleet.ca) => tlsContext(await ca.issue(uri), [fleet.ca.der]);

  /** Good for every call, and says of every connection that it has been vouched for. */
  function answer(stream: ServerHttp2Stream, headers: Record<string, unknown>, onVouch: () => void): void {
    const vouch = String(headers["interlock-vouch"] ?? "");
    stream.on("error", () => {});
    stream.respond(
      {
        "content-type": "application/grpc",
        "interlock-voucher": "AAAAAAAAAAAAAAAAAAAAAA",
        ...(vouch && { "interlock-vouch-accepted": vouch }),
      },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    if (headers[":path"] === EchoService.methods.count.path) tick(stream);
    else stream.end(Buffer.alloc(5));
    if (vouch) stream.once("close", onVouch);
  }

  function tick(stream: ServerHttp2Stream): void {
    const timer = setInterval(() => stream.write(Buffer.alloc(5)), 10);
    stream.once("close", () => clearInterval(timer));
  }

  /** Reads on for longer than a server has to prove itself anew. */
  async function readOn(): Promise<void> {
    for (let i = 0; i < 450; i++) await ticks.next();
  }

  const cases: Record<string, [() => Partial<TrustState>, Reason]> = {
    revoked: [
      () => ({ revocations: [{ kind: "identity", subject: first, revokedAt: Date.now(), reason: "test" }] }),
      "IDENTITY_REVOKED",
    ],
    "below a root that is withdrawn": [() => ({ caCertificates: [fleet.ca.der] }), "CERTIFICATE_UNTRUSTED"],
  };
  for (const [how, [change, reason]] of Object.entries(cases)) {
    describe(how, () => {
      async function ends(): Promise<void> {
        for (let i = 0; i < 5; i++) assert.equal((await ticks.next()).done, false);
        const { state } = trust;
        trust.replace({ ...state, version: state.version + 1n, ...change() });
        await assert.rejects(readOn(), { reason });
      }

      it("ends (the control)", ends);

      it("ends where another bot says that the connection is its own", async () => {
        rogue.setSecureContext(await contextOf("spiffe://test/echo/2"));
        identity.replace(await fleet.ca.issue("spiffe://test/caller/1"));
        await vouched;
        await ends();
      });

      it("ends where the channel has gone on to another bot since", async () => {
        rogue.setSecureContext(await contextOf("spiffe://test/echo/2"));
        sessions[0]?.goaway(0, 1);
        while (sessions.length < 2) await client().echo({});
        await ends();
      });
    });
  }
});
