import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { Client, type ClientReadableStream, Metadata, type ServiceError } from "@grpc/grpc-js";
import { decodeErrorInfo } from "../base/error-details.js";
import type { Reason } from "../base/reason.js";
import { ErrorInfo } from "../gen/google/rpc/status.js";
import type { Identity } from "../identity/identity.js";
import { closeOf } from "../testing/close-of.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { plainCall, plainCredentials, plainOptions } from "../testing/plain-client.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { unsafeVerifyUnbound } from "../token/verify-token.js";
import type { Caller } from "./caller.js";

const { echo, count, open } = EchoService.methods;
const id = (name: string) => `spiffe://test/${name}`;

describe("a bot that acts for another", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let gateway: Identity;
  let session: ClientHttp2Session;
  let callers: Caller[];

  beforeEach(async () => {
    fleet = await createTestFleet();
    callers = [];
    server = await serveEcho(fleet, {
      echo(request, { caller }) {
        server.handled.push("echo");
        callers.push(caller);
        return request;
      },
      open(_request, { caller }) {
        callers.push(caller);
        return {};
      },
    });
    gateway = await fleet.ca.issue(id("gateway/1"));
    session = rawSession(server.port, shows(gateway));
  });
  afterEach(async () => {
    session.destroy();
    await server.bot.close(0);
  });

  /** A token with which the gateway acts for `caller/1`; `claims` replace what it holds. */
  const delegated = (claims: object = {}) =>
    fleet.token(gateway, EchoService.name, ["echo:call"], {
      sub: id("caller/1"),
      act: { sub: gateway.spiffeId.uri },
      ...claims,
    });
  const call = (token: string, path: string = echo.path) =>
    rawCall(session, path, { authorization: `Bearer ${token}` });

  /** The control, then the attack: refused with the reason, and the handler has run for the control alone. */
  async function assertRefused(token: string, reason: Reason, status = 16): Promise<void> {
    assert.equal((await call(await delegated())).status, 0, "the control");
    server.handled.length = server.denials.length = 0;
    const answer = await call(token);
    assert.equal(answer.status, status, JSON.stringify(answer));
    await server.goodCall();
    assert.deepEqual(
      server.denials.map((denial) => denial.reason),
      [reason],
    );
    assert.deepEqual(server.handled, ["echo"], "the handler ran");
  }

  const tampered = async (change: object) => {
    const [header, payload = "", signature] = (await delegated()).split(".");
    const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), ...change };
    return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
  };

  it("is named to the handler, beside the one it acts for", async () => {
    const act = { sub: id("gateway/1"), act: { sub: id("front/1"), act: { sub: id("front/2") } } };
    assert.equal((await call(await delegated())).status, 0);
    assert.equal((await call(await delegated({ act }))).status, 0);
    const own = await fleet.token(gateway, EchoService.name, ["echo:call"]);
    assert.equal((await call(own)).status, 0);
    assert.deepEqual(
      callers.map(({ name, spiffeId, actors, certificate }) => {
        assert.equal(certificate.thumbprint, gateway.leaf.thumbprint);
        assert.equal(spiffeId.name, name);
        return [name, ...actors.map((actor) => actor.name)];
      }),
      [["caller/1", "gateway/1"], ["caller/1", "gateway/1", "front/1", "front/2"], ["gateway/1"]],
    );
    assert.deepEqual(
      fleet.recorder.take().map(({ caller, actors, count: calls }) => [caller, actors, calls]),
      [
        [id("caller/1"), [id("gateway/1")], 1],
        [id("caller/1"), [id("gateway/1"), id("front/1"), id("front/2")], 1],
        [id("gateway/1"), [], 1],
      ],
    );
  });

  it("is itself where a method asks for no token, whatever it shows", async () => {
    assert.equal((await call(await delegated(), open.path)).status, 0);
    assert.deepEqual(
      callers.map(({ name, actors }) => [name, actors]),
      [["gateway/1", []]],
    );
  });

  describe("row 21: with a token that is not for it", () => {
    it("another actor's", async () =>
      assertRefused(await delegated({ act: { sub: id("gateway/2") } }), "TOKEN_ACTOR_MISMATCH"));
    it("another actor's, which acts for one that acts for the peer", async () =>
      assertRefused(
        await delegated({ act: { sub: id("gateway/2"), act: { sub: id("gateway/1") } } }),
        "TOKEN_ACTOR_MISMATCH",
      ));
    it("its own, for another to act with", async () =>
      assertRefused(
        await delegated({ sub: gateway.spiffeId.uri, act: { sub: id("caller/1") } }),
        "TOKEN_ACTOR_MISMATCH",
      ));
    it("the subject's, with no actor", async () =>
      assertRefused(await delegated({ act: undefined }), "TOKEN_SUBJECT_MISMATCH"));
    it("an actor that it has written into it", async () =>
      assertRefused(await tampered({ act: { sub: gateway.spiffeId.uri }, sub: id("operator/1") }), "TOKEN_SIGNATURE"));
    it("one that is bound to nothing", async () => {
      await assertRefused(await delegated({ cnf: undefined }), "TOKEN_MALFORMED");
      for (const cnf of [{}, { "x5t#S256": "" }, "x", null]) {
        await assertRefused(await delegated({ cnf }), "TOKEN_BINDING_MISMATCH");
      }
    });
    it("one that is bound to the subject's certificate", async () => {
      const { leaf } = await fleet.ca.issue(id("caller/1"));
      await assertRefused(await delegated({ cnf: { "x5t#S256": leaf.thumbprint } }), "TOKEN_BINDING_MISMATCH");
    });
  });

  it("is told from one that nobody can be held to, even where it is not asked who shows it", async () => {
    const basis = { trust: fleet.trust.state, now: Date.now() };
    assert.equal((await unsafeVerifyUnbound(await delegated(), basis)).thumbprint, gateway.leaf.thumbprint);
    for (const cnf of [{}, { "x5t#S256": "" }, { "x5t#S256": 1 }]) {
      await assert.rejects(unsafeVerifyUnbound(await delegated({ cnf }), basis), { reason: "TOKEN_BINDING_MISMATCH" });
    }
    for (const exchanged_from of ["parent", [1], {}]) {
      const token = await delegated({ exchanged_from });
      await assert.rejects(unsafeVerifyUnbound(token, basis), { reason: "TOKEN_MALFORMED" });
    }
  });

  it("does not pass for another who shows its token", async () => {
    const subject = await fleet.ca.issue(id("caller/1"));
    const own = rawSession(server.port, shows(subject));
    const authorization = `Bearer ${await delegated()}`;
    assert.equal((await rawCall(own, echo.path, { authorization })).status, 16);
    own.destroy();
    await server.denied(1);
    assert.equal(server.denials[0]?.reason, "TOKEN_ACTOR_MISMATCH");
    assert.deepEqual(server.handled, []);
  });

  it("is not anybody where act is no actor, even if the subject is at the other end", async () => {
    const acts = [null, "", "x", 0, false, [], [id("gateway/1")], {}, { sub: 1 }, { sub: "gateway/1" }];
    for (const act of [...acts, { sub: "spiffe://other/gateway/1" }, { sub: id("gateway/1"), act: null }]) {
      await assertRefused(await delegated({ act }), "TOKEN_MALFORMED");
      await assertRefused(await delegated({ act, sub: gateway.spiffeId.uri }), "TOKEN_MALFORMED");
    }
    await assertRefused(await delegated({ sub: "spiffe://other/caller/1" }), "TOKEN_MALFORMED");
  });

  it("row 24: has no more than two others behind it", async () => {
    const chain = (names: string[]): object =>
      names.reduceRight<object>((act, name) => ({ sub: id(name), ...("sub" in act && { act }) }), {});
    assert.equal((await call(await delegated({ act: chain(["gateway/1", "a/1", "a/2"]) }))).status, 0);
    const tooLong = await delegated({ act: chain(["gateway/1", "a/1", "a/2", "a/3"]) });
    await assertRefused(tooLong, "ACTOR_CHAIN_TOO_LONG", 7);
  });

  it("is held to the callers of a method by the one it acts for", async () => {
    const policy = { ...echo.policy, callers: ["caller/*"] };
    const service = { name: EchoService.name, servedBy: [], methods: { echo: { ...echo, policy } } };
    const { port } = await server.bot.serve({ port: 0 }, (routes) =>
      routes.add(service, { echo: (request) => request }),
    );
    const other = rawSession(port, shows(gateway));
    const answered = async (token: string) =>
      (await rawCall(other, echo.path, { authorization: `Bearer ${token}` })).status;
    assert.equal(await answered(await delegated()), 0);
    assert.equal(await answered(await delegated({ sub: id("stranger/1") })), 7);
    assert.equal(await answered(await fleet.token(gateway, EchoService.name, ["echo:call"])), 7);
    other.destroy();
  });

  describe("row 23: revoked", () => {
    const act = { sub: id("gateway/1"), act: { sub: id("front/1") } };
    for (const [who, kind, subject] of [
      ["the subject", "identity", id("caller/1")],
      ["the subject, by a pattern", "pattern", "caller/*"],
      ["an actor behind the first", "identity", id("front/1")],
      ["an actor behind the first, by a pattern", "pattern", "front/**"],
      ["the token it was exchanged from", "token", "parent"],
      ["the one that was exchanged from", "token", "grandparent"],
    ] as const) {
      it(who, async () => {
        const token = await delegated({ act, exchanged_from: ["parent", "grandparent"] });
        assert.equal((await call(token)).status, 0);
        fleet.revoke(kind, subject);
        const reason = kind === "token" ? "TOKEN_REVOKED" : "IDENTITY_REVOKED";
        server.denials.length = server.handled.length = 0;
        assert.equal((await call(token)).status, 16, "verified before");
        assert.equal((await call(await delegated({ act, exchanged_from: ["parent", "grandparent"] }))).status, 16);
        assert.deepEqual(
          server.denials.map((denial) => denial.reason),
          [reason, reason],
        );
        assert.deepEqual(server.handled, []);
        assert.equal((await call(await delegated({ sub: id("other/1") }))).status, 0, "another's is as good as before");
      });
    }

    it("the actor at the other end: the connection ends", async () => {
      assert.equal((await call(await delegated())).status, 0);
      const closed = closeOf(session);
      fleet.revoke("identity", gateway.spiffeId.uri);
      await closed;
    });
  });

  describe("a stream in another's name", () => {
    let client: Client;
    beforeEach(() => {
      client = new Client(server.address, plainCredentials(fleet, gateway), plainOptions);
    });
    afterEach(() => client.close());

    interface OpenStream {
      readonly stream: ClientReadableStream<string>;
      readonly ended: Promise<[number | undefined, string | undefined]>;
    }
    async function openStream(token: string): Promise<OpenStream> {
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${token}`);
      const write = (reason: string) => Buffer.from(ErrorInfo.encode(ErrorInfo.fromPartial({ reason })).finish());
      const read = (bytes: Buffer) => ErrorInfo.decode(bytes).reason;
      const stream = client.makeServerStreamRequest(count.path, write, read, "1", metadata);
      const ended = deferred<[number | undefined, string | undefined]>();
      stream.on("error", (error: ServiceError) => ended.resolve([error.code, decodeErrorInfo(error.metadata)?.reason]));
      await once(stream, "data");
      return { stream, ended: ended.promise };
    }

    it("ends at once when that one is revoked, and nobody else's does", async () => {
      const bad = await openStream(await delegated());
      const good = await openStream(await delegated({ sub: id("caller/2") }));
      fleet.revoke("identity", id("caller/1"));
      assert.deepEqual(await bad.ended, [16, "IDENTITY_REVOKED"]);
      await plainCall(client, echo.path, `Bearer ${await delegated({ sub: id("caller/2") })}`);
      good.stream.cancel();
      assert.deepEqual(await good.ended, [1, undefined], "it was open until it was canceled");
    });

    it("ends at once when an actor behind the first is revoked", async () => {
      const bad = await openStream(await delegated({ act: { sub: id("gateway/1"), act: { sub: id("front/1") } } }));
      fleet.revoke("pattern", "front/*");
      assert.deepEqual(await bad.ended, [16, "IDENTITY_REVOKED"]);
    });

    it("is kept open by no other's token, nor by one that came another way", async () => {
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const way = { sub: id("gateway/1"), act: { sub: id("front/1") } };
      const short = await openStream(await delegated({ exp }));
      const long = await openStream(await delegated({ exp, sub: id("caller/3"), act: way }));
      await plainCall(client, echo.path, `Bearer ${await delegated({ sub: id("caller/3") })}`);
      for (const claims of [{ sub: id("caller/2") }, { act: way }, { sub: id("gateway/1"), act: undefined }]) {
        await plainCall(client, echo.path, `Bearer ${await delegated(claims)}`);
      }
      assert.deepEqual(await short.ended, [16, "TOKEN_EXPIRED"]);
      assert.deepEqual(await long.ended, [16, "TOKEN_EXPIRED"]);
    });

    it("is kept open by the next token of the same", async () => {
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const kept = await openStream(await delegated({ exp }));
      const control = await openStream(await delegated({ exp, sub: id("caller/2") }));
      await plainCall(client, echo.path, `Bearer ${await delegated()}`);
      assert.deepEqual(await control.ended, [16, "TOKEN_EXPIRED"]);
      await plainCall(client, echo.path, `Bearer ${await delegated()}`);
      kept.stream.cancel();
      assert.deepEqual(await kept.ended, [1, undefined], "it was open until it was canceled");
    });
  });
});
