import assert from "node:assert/strict";
import { createTestFleet } from "../testing/test-fleet.js";
import { forgetLostScopes } from "./forget-lost-scopes.js";

describe("forgetLostScopes", () => {
  it("forgets the tokens for a service at which the bot lost a scope, once", async () => {
    const { trust } = await createTestFleet();
    const forgotten: string[] = [];
    const tokens = { authorization: () => "", forget: (audience: string) => void forgotten.push(audience) };
    const stop = forgetLostScopes(tokens, trust, "worker/1");
    const cutOff = (identity: string, service: string, grantsVersion: number) => {
      return { identity, service, scope: "a:b", grantsVersion, except: [] };
    };
    const tell = (...cutOffs: ReturnType<typeof cutOff>[]) => trust.replace({ ...trust.state, cutOffs });
    tell(cutOff("worker/*", "a.B", 2), cutOff("gripper/*", "a.C", 2));
    assert.deepEqual(forgotten, ["a.B"]);
    tell(cutOff("worker/*", "a.B", 2), cutOff("worker/1", "a.D", 3));
    assert.deepEqual(forgotten, ["a.B", "a.D"]);
    stop();
    tell(cutOff("worker/*", "a.E", 4));
    assert.deepEqual(forgotten, ["a.B", "a.D"]);
  });
});
