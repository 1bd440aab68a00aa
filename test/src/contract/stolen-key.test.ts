import assert from "node:assert/strict";
import type { Identity } from "@interlock/bot";
import { recoveryStage } from "./recovery-stage.js";

describe("a stolen key of a certificate from before a bot joined anew", () => {
  it("does not keep the bot itself out, however often it is shown", async () => {
    const stage = await recoveryStage();
    try {
      const [stolen] = (await stage.expired("night/1")) as [Identity];
      const [own] = (await stage.expired("night/1")) as [Identity];
      for (let i = 0; i < 25; i++) assert.notEqual((await stage.recover(stolen)).answer, 0);
      const { reason } = stage.denials.at(-1) ?? {};
      assert.equal(reason, "RATE_LIMITED"); // Its attempts are bounded.
      assert.equal((await stage.recover(own)).answer, 0);
    } finally {
      await stage.end();
    }
  });
});
