import assert from "node:assert/strict";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";
import { createClient } from "./client.js";
import { connectionTimes } from "./connection-times.js";
import { createConnector } from "./connector.js";
import { createDeprecationLog } from "./deprecation-log.js";

describe("a client with several addresses", () => {
  it("stays at one until that cannot answer, and then goes to the next", async () => {
    const fleet = await createTestFleet();
    const [one, two] = [
      await serveEcho(fleet, { echo: () => ({ reason: "one" }) }),
      await serveEcho(fleet, { echo: () => ({ reason: "two" }) }),
    ];
    const identity = createObservable(await fleet.ca.issue("spiffe://test/caller/1"));
    const tokens = {
      authorization: async (audience: string, scopes: readonly string[]) =>
        `Bearer ${await fleet.token(identity.current(), audience, scopes)}`,
      forget() {},
    };
    const deprecations = createDeprecationLog(silentLog, systemClock);
    const options = {
      identity,
      trust: fleet.trust,
      tokens,
      clock: systemClock,
      recorder: fleet.recorder,
      deprecations,
      times: connectionTimes(),
    };
    const connector = createConnector(EchoService, ["127.0.0.1:1", one.address, two.address], ["echo/*"], options);
    const client = createClient(EchoService, connector);
    const answer = async () => (await client.echo({ reason: "" })).reason;
    try {
      await assert.rejects(answer(), { code: "UNAVAILABLE" });
      assert.deepEqual([await answer(), await answer()], ["one", "one"]);
      await one.bot.close(0);
      await assert.rejects(answer(), { code: "UNAVAILABLE" });
      assert.equal(await answer(), "two");
    } finally {
      connector.close();
      await Promise.all([one.bot.close(0), two.bot.close(0)]);
    }
  });
});
