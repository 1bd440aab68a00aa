import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { Client, Metadata, Server, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";
import { encodeErrorInfo } from "../base/encode-error-info.js";
import type { Reason } from "../base/reason.js";
import type { Bot } from "../bot.js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import { toGrpcService } from "../server/grpc-service.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { plainCredentials, plainOptions } from "../testing/plain-client.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { referenceTo } from "../token/reference.js";

const standard = "authorization";
const reference = "interlock-token-reference";
const offer = "interlock-token-reference-offer";
const { path } = EchoService.methods.echo;
/** The thumbprint of no certificate here: of one character only, which no SHA-256 of a test will be. */
const another = "_".repeat(43);

describe("a reference to a token", () => {
  let fleet: TestFleet;
  beforeEach(async () => {
    fleet = await createTestFleet();
  });

  describe("from our client", () => {
    let caller: Bot;
    let token: string;

    beforeEach(async () => {
      caller = await fleet.bot("caller/1", undefined, { tokens: { authorization: () => token, forget() {} } });
      token = `Bearer ${await fleet.token(caller.identity.current(), EchoService.name, ["echo:call"])}`;
    });
    afterEach(() => caller.close(0));

    /** What a plain grpc-js server makes of a call: an error, if it likes. */
    type Answer = (call: ServerUnaryCall<unknown, unknown>, thumbprint: string) => object | undefined;
    type Callback = (error: object | null, answer: object) => void;

    /** A plain grpc-js server that gives `answer`; `seen` says which of the two headers each call came with. */
    async function plainServer(answer: Answer) {
      const identity = await fleet.ca.issue("spiffe://test/echo/1");
      const seen: string[][] = [];
      const server = new Server();
      const serve = (call: ServerUnaryCall<unknown, unknown>, callback: Callback) => {
        seen.push([standard, reference].filter((key) => call.metadata.get(key).length > 0));
        callback(answer(call, identity.leaf.thumbprint) ?? null, {});
      };
      server.addService(toGrpcService(EchoService), { echo: serve, join: serve });
      const pair = {
        private_key: Buffer.from(identity.privateKey),
        cert_chain: Buffer.from(certificatesToPem(identity.chain)),
      };
      const secure = ServerCredentials.createSsl(Buffer.from(certificatesToPem([fleet.ca.der])), [pair], true);
      const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", secure, (error, bound) => (error ? reject(error) : resolve(bound))),
      );
      const echo = caller.client(EchoService, `127.0.0.1:${port}`);
      return { seen, call: () => echo.echo({}), stream: () => echo.join([{}]), close: () => server.forceShutdown() };
    }

    const offers =
      (value: (thumbprint: string) => string): Answer =>
      (call, thumbprint) => {
        const metadata = new Metadata();
        metadata.set(offer, value(thumbprint));
        call.sendMetadata(metadata);
        return undefined;
      };
    const notShown = () => {
      const info = { reason: "TOKEN_NOT_SHOWN" satisfies Reason, domain: "interlock", metadata: {} };
      return { code: 16, details: "", metadata: encodeErrorInfo(16, "", info) };
    };

    it("is shown to a server that has offered to take it, once it has the token", async () => {
      const server = await plainServer(offers((own) => own));
      for (let i = 0; i < 3; i++) await server.call();
      assert.deepEqual(server.seen, [[standard], [reference], [reference]]);
      token = `Bearer ${await fleet.token(caller.identity.current(), EchoService.name, ["echo:call"])}`;
      for (let i = 0; i < 2; i++) await server.call();
      assert.deepEqual(server.seen.slice(3), [[standard], [reference]], "a new token is shown whole first");
      server.close();
    });

    for (const [what, answer] of [
      ["that offers nothing", () => undefined],
      ["that offers in the name of another certificate, as through a proxy", offers(() => another)],
    ] satisfies [string, Answer][]) {
      it(`is not shown to a server ${what}`, async () => {
        const server = await plainServer(answer);
        for (let i = 0; i < 3; i++) await server.call();
        assert.deepEqual(server.seen, [[standard], [standard], [standard]]);
        server.close();
      });
    }

    it("that is not known is made good by the whole token, in the same call", async () => {
      const own = offers((thumbprint) => thumbprint);
      const server = await plainServer((call, thumbprint) =>
        call.metadata.get(reference).length > 0 ? notShown() : own(call, thumbprint),
      );
      for (let i = 0; i < 2; i++) await server.call();
      assert.deepEqual(server.seen, [[standard], [reference], [standard]]);
      server.close();
    });

    it("is made good once, and for no other reason", async () => {
      let answer: Answer = offers((own) => own);
      const server = await plainServer((call, thumbprint) => answer(call, thumbprint));
      await server.call();
      answer = notShown;
      await assert.rejects(server.call, { reason: "TOKEN_NOT_SHOWN" });
      assert.deepEqual(server.seen, [[standard], [reference], [standard]]);
      await assert.rejects(server.call, { reason: "TOKEN_NOT_SHOWN" });
      assert.equal(server.seen.length, 4, "a call that showed the whole token is not made again");
      answer = offers((own) => own);
      await server.call();
      answer = () => ({ code: 16, details: "no" });
      await assert.rejects(server.call, { code: "UNAUTHENTICATED" });
      assert.deepEqual(server.seen.slice(4), [[standard], [reference]]);
      server.close();
    });

    it("is of no use after the server has come back on the same port: the token is shown again", async () => {
      let server = await serveEcho(fleet);
      const { port } = server;
      const echo = caller.client(EchoService, server.address);
      for (let i = 0; i < 3; i++) await echo.echo({});
      assert.equal(server.denials.length, 0);
      await server.bot.close(0);
      await assert.rejects(echo.echo({}), { code: "UNAVAILABLE" });
      server = await serveEcho(fleet, {}, { port });
      const deadline = Date.now() + 5_000;
      while (server.handled.length < 3) {
        await echo.echo({}).catch((error) => assert.ok(error.code === "UNAVAILABLE" && Date.now() < deadline, error));
      }
      assert.deepEqual(server.denials, []);
      await server.bot.close(0);
    });

    it("works until the token is revoked, and not after that", async () => {
      const server = await serveEcho(fleet);
      const jti = "token-1";
      const identity = caller.identity.current();
      token = `Bearer ${await fleet.token(identity, EchoService.name, ["echo:call"], { jti })}`;
      const echo = caller.client(EchoService, server.address);
      for (let i = 0; i < 3; i++) await echo.echo({});
      fleet.revoke("token", jti);
      await assert.rejects(echo.echo({}), { reason: "TOKEN_REVOKED" });
      assert.equal(server.handled.length, 3);
      await server.bot.close(0);
    });

    it("does not come with a stream, which could not be made again", async () => {
      const server = await plainServer(offers((own) => own));
      await server.call();
      await server.stream();
      await server.call();
      assert.deepEqual(server.seen, [[standard], [standard], [reference]]);
      server.close();
    });
  });

  describe("at our server", () => {
    const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
    let server: EchoServer;
    let caller: Identity;
    let session: ClientHttp2Session;
    let authorization: string;

    beforeEach(async () => {
      clock.ahead = 0;
      fleet = await createTestFleet(clock);
      server = await serveEcho(fleet);
      caller = await fleet.ca.issue("spiffe://test/caller/1");
      session = rawSession(server.port, shows(caller));
      authorization = await issue();
      // The control: whole, then by reference.
      assert.equal((await rawCall(session, path, { authorization })).status, 0);
      assert.equal((await rawCall(session, path, { [reference]: referenceTo(authorization) })).status, 0);
      server.handled.length = 0;
    });
    afterEach(async () => {
      session.destroy();
      await server.bot.close(0);
    });

    const issue = async (scopes = ["echo:call"], claims = {}) =>
      `Bearer ${await fleet.token(caller, EchoService.name, scopes, claims)}`;

    /** 16 and the reason, and no handler ran. A request for the whole token is no denial. */
    async function assertRefused(headers: Record<string, string>, reason: Reason, on = session): Promise<void> {
      const { status } = await rawCall(on, path, headers);
      assert.equal(status, 16);
      assert.deepEqual(server.handled, []);
      assert.deepEqual(
        server.denials.map((denial) => denial.reason),
        reason === "TOKEN_NOT_SHOWN" ? [] : [reason],
      );
    }

    it("is offered in the name of its certificate, to whom shows a token that is new there", async () => {
      const headers = await new Promise<Record<string, unknown>>((resolve) => {
        const client = new Client(server.address, plainCredentials(fleet, caller), plainOptions);
        const bytes = (buffer: Buffer) => buffer;
        const metadata = new Metadata();
        metadata.set(standard, authorization);
        client
          .makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), metadata, () => client.close())
          .on("metadata", (answer) => resolve(answer.getMap()));
      });
      assert.equal(headers[offer], server.bot.identity.current().leaf.thumbprint);
    });

    it("to a token that has not been shown", async () =>
      assertRefused({ [reference]: referenceTo(await issue()) }, "TOKEN_NOT_SHOWN"));
    it("empty", () => assertRefused({ [reference]: "" }, "TOKEN_NOT_SHOWN"));
    it("that is a whole token", async () => assertRefused({ [reference]: await issue() }, "TOKEN_NOT_SHOWN"));
    it("in place of a token", async () =>
      assertRefused({ [standard]: referenceTo(await issue()) }, "TOKEN_NOT_BEARER"));
    it("beside a token", () =>
      assertRefused({ [reference]: referenceTo(authorization), authorization }, "TOKEN_DUPLICATED"));

    it("to a token that was shown on another connection of the same bot", async () => {
      const other = rawSession(server.port, shows(caller));
      await assertRefused({ [reference]: referenceTo(authorization) }, "TOKEN_NOT_SHOWN", other);
      other.destroy();
    });

    it("to another bot's token, which is in use at the same time", async () => {
      const thief = rawSession(server.port, shows(await fleet.ca.issue("spiffe://test/thief/1")));
      await assertRefused({ [reference]: referenceTo(authorization) }, "TOKEN_NOT_SHOWN", thief);
      thief.destroy();
    });

    it("to a token that was refused", async () => {
      const bad = await issue(["echo:call"], { iss: "https://elsewhere" });
      assert.equal((await rawCall(session, path, { authorization: bad })).status, 16);
      server.denials.length = 0;
      await assertRefused({ [reference]: referenceTo(bad) }, "TOKEN_NOT_SHOWN");
    });

    it("to a token that has expired, though only the reference was shown since", async () => {
      clock.ahead = 301_000;
      await assertRefused({ [reference]: referenceTo(authorization) }, "TOKEN_EXPIRED");
    });

    it("to a token that has been revoked", async () => {
      authorization = await issue(["echo:call"], { jti: "stolen" });
      await rawCall(session, path, { authorization });
      server.handled.length = 0;
      fleet.revoke("token", "stolen");
      await assertRefused({ [reference]: referenceTo(authorization) }, "TOKEN_REVOKED");
    });

    it("to a token without the scope: as if it had been shown whole", async () => {
      authorization = await issue(["echo:reset"]);
      await rawCall(session, EchoService.methods.reset.path, { authorization });
      const { status } = await rawCall(session, path, { [reference]: referenceTo(authorization) });
      assert.equal(status, 7);
    });

    it("unknown, a hundred times: nothing is remembered of it, and the known one still serves", async () => {
      for (let i = 0; i < 100; i++) {
        const { status } = await rawCall(session, path, { [reference]: referenceTo(String(i)) });
        assert.equal(status, 16);
      }
      assert.equal((await rawCall(session, path, { [reference]: referenceTo(authorization) })).status, 0);
      assert.deepEqual(server.handled, ["echo"]);
    });

    it("unknown, more often than calls can be in flight, is a denial", async () => {
      const unknown = { [reference]: referenceTo("unknown") };
      for (let i = 0; i < 256; i++) await rawCall(session, path, unknown);
      assert.deepEqual(server.denials, []);
      await rawCall(session, path, unknown);
      assert.deepEqual(
        server.denials.map(({ reason }) => reason),
        ["TOKEN_NOT_SHOWN"],
      );
    });

    it("is forgotten with its token, of which a connection keeps sixty-four", async () => {
      const tokens = await Promise.all(Array.from({ length: 64 }, () => issue()));
      for (const value of tokens) await rawCall(session, path, { authorization: value });
      server.handled.length = 0;
      await assertRefused({ [reference]: referenceTo(authorization) }, "TOKEN_NOT_SHOWN");
      for (const value of tokens) {
        assert.equal((await rawCall(session, path, { [reference]: referenceTo(value) })).status, 0);
      }
    });
  });
});
