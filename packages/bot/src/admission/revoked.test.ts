import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { Client, type ClientDuplexStream, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { InterlockError } from "../base/error.js";
import { decodeErrorInfo } from "../base/error-details.js";
import { ErrorInfo } from "../gen/google/rpc/status.js";
import type { Identity } from "../identity/identity.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { plainCredentials, plainOptions } from "../testing/plain-client.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const { chat, open } = EchoService.methods;

/** A call to `chat` from a plain client, which has been answered once. */
interface OpenChat {
  readonly identity: Identity;
  readonly stream: ClientDuplexStream<string, string>;
  /** Code and reason with which the call ended. */
  readonly ended: Promise<[number | undefined, string | undefined]>;
  say(text: string): void;
}

describe("shutting a bot out while it is connected", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let heard: string[];
  let aborted: Promise<unknown>;
  const clients: Client[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
    heard = [];
    const over = deferred<unknown>();
    aborted = over.promise;
    server = await serveEcho(fleet, {
      async *chat(requests, { signal }) {
        signal.addEventListener("abort", () => over.resolve(signal.reason));
        for await (const request of requests) {
          heard.push(request.reason);
          yield request;
        }
      },
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.bot.close(0);
  });

  async function openChat(name: string, { jti = name, notAfter = Date.now() + 3_600_000 } = {}): Promise<OpenChat> {
    const identity = await fleet.ca.issue(`spiffe://test/${name}`, { notAfter });
    const metadata = new Metadata();
    const token = await fleet.token(identity, EchoService.name, ["echo:call"], { jti });
    metadata.set("authorization", `Bearer ${token}`);
    const client = new Client(server.address, plainCredentials(fleet, identity), plainOptions);
    clients.push(client);
    const write = (reason: string) => Buffer.from(ErrorInfo.encode(ErrorInfo.fromPartial({ reason })).finish());
    const read = (bytes: Buffer) => ErrorInfo.decode(bytes).reason;
    const stream = client.makeBidiStreamRequest(chat.path, write, read, metadata);
    const ended = once(stream, "error").then(([error]: ServiceError[]): [number | undefined, string | undefined] => [
      error?.code,
      error && decodeErrorInfo(error.metadata)?.reason,
    ]);
    ended.catch(() => {});
    stream.write("hello");
    await once(stream, "data");
    return { identity, stream, ended, say: (text) => void stream.write(text) };
  }

  for (const kind of ["identity", "certificate"] as const) {
    it(`row 14: a revoked ${kind} ends the stream with 16, and the connection`, async () => {
      const [bad, good] = [await openChat("bad/1"), await openChat("good/2")];
      const connection = rawSession(server.port, shows(bad.identity));
      assert.equal((await rawCall(connection, open.path)).status, 0);
      const closed = once(connection, "close");
      const start = performance.now();
      fleet.revoke(kind, kind === "identity" ? bad.identity.spiffeId.uri : bad.identity.leaf.serial);
      const reason = kind === "identity" ? "IDENTITY_REVOKED" : "CERTIFICATE_REVOKED";
      assert.deepEqual(await bad.ended, [16, reason]);
      await closed;
      assert.ok(performance.now() - start < 1_000);
      assert.equal(((await aborted) as InterlockError).reason, reason);
      good.say("still here");
      await once(good.stream, "data");
      assert.deepEqual(heard, ["hello", "hello", "still here"]);
      good.stream.cancel();
    });
  }

  it("row 15: a certificate that runs out ends the stream with 16, and the connection", async () => {
    const notAfter = Math.ceil((Date.now() + 500) / 1_000) * 1_000;
    const bad = await openChat("bad/1", { notAfter });
    const connection = rawSession(server.port, shows(bad.identity));
    assert.equal((await rawCall(connection, open.path)).status, 0);
    const closed = once(connection, "close");
    assert.deepEqual(await bad.ended, [16, "CERTIFICATE_EXPIRED"]);
    assert.ok(Date.now() >= notAfter);
    await closed;
  });

  it("row 23: a revoked token ends the stream with 16, and not what other tokens opened", async () => {
    const [bad, good] = [await openChat("bad/1"), await openChat("good/2")];
    fleet.revoke("token", "bad/1");
    assert.deepEqual(await bad.ended, [16, "TOKEN_REVOKED"]);
    good.say("still here");
    await once(good.stream, "data");
    good.stream.cancel();
  });

  it("row 23: a withdrawn signing key ends the stream with 16", async () => {
    const bad = await openChat("bad/1");
    const { state } = fleet.trust;
    fleet.trust.replace({ ...state, version: state.version + 1n, jwks: { keys: [] } });
    assert.deepEqual(await bad.ended, [16, "TOKEN_KEY_UNKNOWN"]);
  });

  it("row 34: a retired method ends its streams with 12, and no other call of the connection", async () => {
    const bad = await openChat("bad/1");
    const { state } = fleet.trust;
    fleet.trust.replace({ ...state, version: state.version + 1n, retired: [chat.path.slice(1)] });
    assert.deepEqual(await bad.ended, [12, "METHOD_RETIRED"]);
    await server.goodCall();
    const connection = rawSession(server.port, shows(bad.identity));
    assert.equal((await rawCall(connection, chat.path)).status, 12, "also without a token");
    assert.equal((await rawCall(connection, open.path)).status, 0);
    connection.destroy();
  });

  it("a call that comes between the revocation and the end of the connection is refused", async () => {
    const identity = await fleet.ca.issue("spiffe://test/bad/1");
    const connection: ClientHttp2Session = rawSession(server.port, shows(identity));
    assert.equal((await rawCall(connection, open.path)).status, 0);
    server.handled.length = 0;
    fleet.revoke("identity", identity.spiffeId.uri);
    const answer = await rawCall(connection, open.path);
    assert.ok(answer.status === 16 || answer.status === undefined, JSON.stringify(answer));
    await server.goodCall();
    assert.deepEqual(server.handled, ["echo"]);
  });

  it("a bot that sends and never reads is heard no more once its token is revoked", async () => {
    const bad = await openChat("bad/1");
    bad.stream.pause();
    // Enough for the answers to fill every window, so that the status has to wait behind them.
    for (let i = 0; i < 200; i++) bad.say("x".repeat(10_000));
    while (heard.length < 10) await new Promise((resolve) => setImmediate(resolve));
    fleet.revoke("token", "bad/1");
    assert.equal(((await aborted) as InterlockError).reason, "TOKEN_REVOKED");
    const before = heard.length;
    for (let i = 0; i < 20; i++) bad.say("y");
    await server.goodCall();
    await server.goodCall();
    assert.equal(heard.length, before);
    bad.stream.cancel();
  });
});
