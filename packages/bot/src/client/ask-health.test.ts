import assert from "node:assert/strict";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";

describe("the health of a server", () => {
  it("is told to every bot, for the server and for each of its services", async () => {
    const fleet = await createTestFleet();
    const bot = await fleet.bot("echo/1");
    const server = await bot.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo: () => ({}),
        async *count() {},
        join: () => ({}),
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
    const caller = await fleet.bot("caller/1", []);
    const service = EchoService.name;
    assert.equal(await caller.health(server.address), "SERVING");
    assert.equal(await caller.health(server.address, { service }), "SERVING");
    server.setHealth(service, false);
    assert.equal(await caller.health(server.address, { service }), "NOT_SERVING");
    assert.equal(await caller.health(server.address, { service: "other.Service" }), "UNKNOWN");
    await assert.rejects(caller.health(server.address, { server: "mallory/*" }), {
      reason: "SERVER_IDENTITY_MISMATCH",
    });
    await bot.close(0);
    await assert.rejects(caller.health(server.address), { code: "UNAVAILABLE" });
    await caller.close(0);
  });
});
