import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const { echo, open } = EchoService.methods;
const id = (name: string) => `spiffe://test/${name}`;
const service = { ...EchoService, servedBy: ["echo/*"], via: ["gateway/*", "edge/**"] };

// Row 27 of the security contract: a backend reached around its gateway.
describe("a service that is called through a gateway", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let sessions: ClientHttp2Session[];

  beforeEach(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet, {}, {}, service);
    sessions = [];
  });
  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await server.bot.close(0);
  });

  async function connect(name: string): Promise<{ identity: Identity; session: ClientHttp2Session }> {
    const identity = await fleet.ca.issue(id(name));
    const session = rawSession(server.port, shows(identity));
    sessions.push(session);
    return { identity, session };
  }

  /** A token with which a bot acts for `caller/1`. */
  const delegated = (holder: Identity) =>
    fleet.token(holder, EchoService.name, ["echo:call"], { sub: id("caller/1"), act: { sub: holder.spiffeId.uri } });
  const own = (holder: Identity) => fleet.token(holder, EchoService.name, ["echo:call"]);
  const answered = async (session: ClientHttp2Session, path: string, token?: string) =>
    (await rawCall(session, path, token === undefined ? {} : { authorization: `Bearer ${token}` })).status;

  it("is called by each of its gateways, in another's name and in its own", async () => {
    for (const name of ["gateway/1", "edge/a/b"]) {
      const { identity, session } = await connect(name);
      assert.equal(await answered(session, echo.path, await delegated(identity)), 0);
      assert.equal(await answered(session, echo.path, await own(identity)), 0);
      assert.equal(await answered(session, open.path), 0);
    }
    assert.deepEqual(server.denials, []);
  });

  it("refuses with 16 every bot that comes around them, with a good token, without one, and where none is needed", async () => {
    const gateway = await connect("gateway/1");
    assert.equal(await answered(gateway.session, echo.path, await delegated(gateway.identity)), 0, "the control");
    server.handled.length = 0;
    for (const name of ["caller/1", "gateway", "gateway/1/2", "echo/2"]) {
      const { identity, session } = await connect(name);
      const good = await own(identity);
      const other = await connect("bystander/1");
      assert.equal(await answered(session, echo.path, good), 16, name);
      assert.equal(await answered(session, echo.path, await delegated(identity)), 16, name);
      assert.equal(await answered(session, echo.path), 16, name);
      assert.equal(await answered(session, open.path), 16, name);
      assert.equal(await answered(other.session, open.path), 16);
    }
    assert.equal(await answered(gateway.session, open.path), 0, "the barrier");
    assert.deepEqual(server.handled, ["open"]);
    assert.deepEqual(
      new Set(server.denials.map(({ reason }) => reason)),
      new Set(["GATEWAY_REQUIRED"]),
      "before the token is looked at",
    );
    assert.equal(server.denials.length, 20);
  });

  it("tells them where to call", async () => {
    const bot = await fleet.bot("caller/1");
    const client = bot.client(service, server.address, { server: "echo/*" });
    await assert.rejects(client.echo({}), (error) => {
      assert(error instanceof InterlockError);
      assert.deepEqual([error.code, error.reason], ["UNAUTHENTICATED", "GATEWAY_REQUIRED"]);
      assert.match(
        error.message,
        /through its gateway only: call test\.EchoService at a bot of gateway\/\* edge\/\*\*/,
      );
      assert.deepEqual(error.metadata, { needed: "gateway/* edge/**", held: "caller/1" });
      return true;
    });
    await bot.close(0);
  });

  it("leaves health to every bot", async () => {
    const bot = await fleet.bot("caller/1");
    assert.equal(await bot.health(server.address, { service: EchoService.name }), "SERVING");
    await bot.close(0);
  });

  it("is expected at its gateways by clients, and at its own bots by the gateways", async () => {
    const caller = await fleet.bot("caller/1");
    await assert.rejects(caller.client(service, server.address).echo({}), { reason: "SERVER_IDENTITY_MISMATCH" });
    const gateway = await fleet.bot("gateway/1");
    assert.equal((await gateway.client(service, server.address).echo({ reason: "hi" })).reason, "hi");
    // What stands in for the gateway serves it without `via`: every bot is admitted there.
    const { address } = await gateway.serve({ port: 0 }, (routes) =>
      routes.add(
        { ...EchoService, methods: { echo } },
        { echo: (request) => gateway.client(service, server.address).echo(request) },
      ),
    );
    assert.equal((await caller.client(service, address).echo({ reason: "hi" })).reason, "hi");
    await Promise.all([caller.close(0), gateway.close(0)]);
  });

  it("is looked up by the names of its gateways", async () => {
    const asked: (readonly string[])[] = [];
    const locate = async (_service: string, servers: readonly string[]) => {
      asked.push(servers);
      return [];
    };
    for (const name of ["caller/1", "gateway/1"]) {
      const bot = await fleet.bot(name, undefined, { locate });
      await assert.rejects(bot.client(service).echo({}), { code: "NOT_FOUND" });
      await assert.rejects(bot.client(service, { server: "echo/7" }).echo({}), { code: "NOT_FOUND" });
      await bot.close(0);
    }
    assert.deepEqual(asked, [service.via, ["echo/7"], ["echo/*"], ["echo/7"]]);
  });
});
