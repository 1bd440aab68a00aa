import assert from "node:assert/strict";
import { createObservable, silentLog, systemClock } from "@interlock/bot";
import { createBot, createRecorder } from "@interlock/bot/internal";
import { createTestFleet, EchoService } from "@interlock/bot/testing";
import { openInbound } from "./inbound.js";

describe("the door of a sidecar", () => {
  it("is not opened for a method whose calls wait for an operator: it cannot compare their requests", async () => {
    const fleet = await createTestFleet();
    const bot = createBot({
      identity: createObservable(await fleet.ca.issue("spiffe://test/echo/1")),
      trust: fleet.trust,
      clock: systemClock,
      log: silentLog,
      recorder: createRecorder(),
      tokens: { authorization: () => "", forget() {} },
    });
    const { echo } = EchoService.methods;
    const approved = { ...echo, policy: { ...echo.policy, approval: "delegated" as const } };
    const services = [{ ...EchoService, methods: { ...EchoService.methods, echo: approved } }];
    const opening = openInbound(bot, { port: 0, program: "127.0.0.1:1", services });
    await assert.rejects(opening, { code: "FAILED_PRECONDITION", message: /Echo has calls that wait for an operator/ });
    await bot.close(0);
  });
});
