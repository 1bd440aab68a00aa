import assert from "node:assert/strict";
import { createTurns } from "./turns.js";

describe("createTurns", () => {
  it("runs one after the other, in their order, also after one that failed", async () => {
    const inTurn = createTurns();
    const steps: string[] = [];
    const step = (name: string) =>
      inTurn(async () => {
        steps.push(`${name} begins`);
        await new Promise(setImmediate);
        steps.push(`${name} ends`);
        if (name === "b") throw new Error(name);
        return name;
      });
    const outcomes = await Promise.allSettled(["a", "b", "c"].map(step));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(steps, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });
});
