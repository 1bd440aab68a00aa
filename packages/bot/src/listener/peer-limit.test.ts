import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const { path } = EchoService.methods.open;

// Row 29 of the security contract.
describe("one bot with too many connections", () => {
  let fleet: TestFleet;
  let server: EchoServer;

  beforeEach(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet, {}, { connectionsPerPeer: 3 });
  });
  afterEach(() => server.bot.close(0));

  it("is refused one more, with a record, until it has closed one; others are not", async () => {
    const greedy = await fleet.ca.issue("spiffe://test/greedy/1");
    const sessions: ClientHttp2Session[] = [];
    for (let i = 0; i < 3; i++) {
      const session = rawSession(server.port, shows(greedy));
      sessions.push(session);
      assert.equal((await rawCall(session, path)).status, 0);
    }
    assert.equal((await rawCall(rawSession(server.port, shows(greedy)), path)).status, undefined);
    await server.denied(1);
    assert.deepEqual(
      server.denials.map(({ reason, caller, method }) => [reason, caller, method]),
      [["CONNECTION_LIMIT", "spiffe://test/greedy/1", ""]],
    );
    // Another certificate is the same bot.
    const again = await fleet.ca.issue("spiffe://test/greedy/1");
    assert.equal((await rawCall(rawSession(server.port, shows(again)), path)).status, undefined);
    await server.goodCall();

    const [first] = sessions;
    const closed = new Promise<void>((resolve) => first?.once("close", resolve));
    first?.destroy();
    await closed;
    // The server learns of it a moment later than we do.
    let status: number | undefined;
    for (let i = 0; status === undefined && i < 100; i++) {
      ({ status } = await rawCall(rawSession(server.port, shows(greedy)), path));
    }
    assert.equal(status, 0);
    for (const session of sessions) session.destroy();
  });
});
