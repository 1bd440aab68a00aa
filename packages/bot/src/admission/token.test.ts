import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import type { Identity } from "../identity/identity.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const { path } = EchoService.methods.echo;
const audience = EchoService.name;

describe("tokens", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let caller: Identity;
  let session: ClientHttp2Session;

  before(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    session = rawSession(server.port, shows(caller));
  });
  beforeEach(async () => {
    await server.goodCall();
    server.denials.length = server.handled.length = 0;
  });
  after(async () => {
    session.destroy();
    await server.bot.close(0);
  });

  const good = (claims: object = {}) => fleet.token(caller, audience, ["echo:call"], claims);

  describe("revoked in the middle", () => {
    for (const kind of ["identity", "token"] as const) {
      it(`an ${kind === "identity" ? "identity" : "access token"} while its token is being verified`, async () => {
        const identity = await fleet.ca.issue(`spiffe://test/racer/${kind}`);
        const connection = rawSession(server.port, shows(identity));
        const token = await fleet.token(identity, audience, ["echo:call"], { jti: "racer" });
        await rawCall(connection, EchoService.methods.open.path);
        server.handled.length = 0;
        // The revocation is applied as soon as the call is there, and verification takes longer than that.
        const { connection: seen } = await firstAttempt(connection, token, () =>
          fleet.revoke(kind, kind === "identity" ? identity.spiffeId.uri : "racer"),
        );
        assert.notEqual(seen.status, 0);
        await server.goodCall();
        assert.deepEqual(server.handled, ["echo"]);
        connection.destroy();
      });
    }

    it("an identity while a token is being verified that the method does not need", async () => {
      const identity = await fleet.ca.issue("spiffe://test/racer/open");
      const connection = rawSession(server.port, shows(identity));
      const token = await fleet.token(identity, audience, ["echo:call"]);
      await rawCall(connection, EchoService.methods.open.path);
      server.handled.length = 0;
      const { connection: seen } = await firstAttempt(
        connection,
        token,
        () => fleet.revoke("identity", identity.spiffeId.uri),
        EchoService.methods.open.path,
      );
      assert.notEqual(seen.status, 0);
      await server.goodCall();
      assert.deepEqual(server.handled, ["echo"]);
      connection.destroy();
    });

    /** Calls, and does `meanwhile` in the turn in which the server has read the call. */
    async function firstAttempt(connection: ClientHttp2Session, token: string, meanwhile: () => void, called = path) {
      const jwks = fleet.trust.state.jwks;
      const { keys } = jwks;
      let done = false;
      Object.defineProperty(jwks, "keys", {
        configurable: true,
        get() {
          if (!done) {
            done = true;
            queueMicrotask(meanwhile);
          }
          return keys;
        },
      });
      const answer = await rawCall(connection, called, { authorization: `Bearer ${token}` });
      Object.defineProperty(jwks, "keys", { value: keys, writable: true, configurable: true, enumerable: true });
      assert.ok(done, "verification has begun");
      return { connection: answer };
    }
  });

  it("a handler does not see the token", async () => {
    const seen: unknown[] = [];
    const other = await serveEcho(fleet, {
      echo(_request, { metadata }) {
        seen.push(metadata.getMap());
        return {};
      },
    });
    const connection = rawSession(other.port, shows(caller));
    const headers = { authorization: `Bearer ${await good()}`, "x-kept": "1" };
    assert.equal((await rawCall(connection, path, headers)).status, 0);
    assert.equal((await rawCall(connection, path, headers)).status, 0);
    assert.ok(
      seen.every((map) => !Object.hasOwn(map as object, "authorization") && Object.hasOwn(map as object, "x-kept")),
    );
    connection.destroy();
    await other.bot.close(0);
  });
});
