import assert from "node:assert/strict";
import { once } from "node:events";
import type { Bot } from "../bot.js";
import { currentCall } from "../context.js";
import { deferred } from "../testing/deferred.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

describe("a handler", () => {
  let fleet: TestFleet;
  const bots: Bot[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  it("is told when its server begins to close, and may end its stream by itself", async () => {
    const { bot, address } = await serveEcho(fleet, {
      async *count(_request, { draining, signal }) {
        assert.equal(draining.aborted, false);
        yield { reason: "working" };
        await once(draining, "abort");
        assert.equal(signal.aborted, false);
        yield { reason: "last" };
      },
    });
    const caller = await fleet.bot("caller/1");
    bots.push(caller);
    const heard: string[] = [];
    let closed: Promise<void> | undefined;
    for await (const { reason } of caller.client(EchoService, address).count({})) {
      heard.push(reason);
      closed ??= bot.close(60_000);
    }
    await closed;
    assert.deepEqual(heard, ["working", "last"]);
  });

  it("passes its deadline and its cancellation on, also where the first client of the process is made in it", async () => {
    const [serving, canceled] = [deferred(), deferred()];
    const back = await serveEcho(fleet, {
      async echo(_request, { signal, deadline }) {
        assert.ok(deadline);
        serving.resolve();
        await once(signal, "abort");
        canceled.resolve();
        return {};
      },
    });
    const front = await serveEcho(fleet, {
      async echo(_request, context) {
        await new Promise(setImmediate); // Not in its first turn.
        assert.equal(currentCall(), context);
        const client = back.bot.client(EchoService, back.address);
        return client.echo({}, { timeoutMs: 60_000 });
      },
    });
    const caller = await fleet.bot("caller/1");
    bots.push(back.bot, front.bot, caller);
    const leaving = new AbortController();
    const call = caller.client(EchoService, front.address).echo({}, { timeoutMs: 50_000, signal: leaving.signal });
    const refused = assert.rejects(call, { code: "CANCELLED" });
    await serving.promise;
    leaving.abort();
    await Promise.all([refused, canceled.promise]);
  });
});
