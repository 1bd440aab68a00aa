import assert from "node:assert/strict";
import { createObservable } from "../base/observable.js";
import type { Bot } from "../bot.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";

describe("canceling calls", () => {
  let server: EchoServer;
  let caller: Bot;
  afterEach(() => Promise.all([caller.close(0), server.bot.close(0)]));

  // Node's own HTTP/2 ends a connection after about a thousand resets.
  it("by the thousand harms no other call on the connection", async () => {
    const fleet = await createTestFleet();
    server = await serveEcho(fleet, {}, { callerRate: { perSecond: 1_000_000, burst: 1_000_000 } });
    const identity = createObservable(await fleet.ca.issue("spiffe://test/caller/1"));
    const token = `Bearer ${await fleet.token(identity.current(), EchoService.name, ["echo:call"])}`;
    caller = await fleet.bot("caller/1", undefined, { identity, tokens: { authorization: () => token, forget() {} } });
    const client = caller.client(EchoService, server.address);
    const kept = client.count({})[Symbol.asyncIterator]();
    await kept.next();
    for (let round = 0; round < 30; round++) {
      const cancel = new AbortController();
      const calls = Array.from({ length: 100 }, () =>
        client.count({}, { signal: cancel.signal })[Symbol.asyncIterator](),
      );
      await Promise.all(calls.map((call) => call.next()));
      const ended = calls.map((call) => call.next());
      cancel.abort();
      for (const { status } of await Promise.allSettled(ended)) assert.equal(status, "rejected");
      assert.equal((await client.echo({ reason: "still" })).reason, "still", `after ${(round + 1) * 100}`);
    }
    assert.deepEqual(server.denials, []);
    // The stream of before is there still, and ends when its server says so.
    const last = assert.rejects(kept.next(), { code: "UNAVAILABLE" });
    await server.bot.close(0);
    await last;
  });
});
