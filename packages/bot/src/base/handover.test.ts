import assert from "node:assert/strict";
import { Handover } from "./handover.js";

describe("a handover of messages", () => {
  it("lets the giver go on when the next message is asked for", async () => {
    const handover = new Handover<number>();
    const said: string[] = [];
    const giving = (async () => {
      for (let i = 0; i < 3; i++) {
        said.push(`give ${i}`);
        assert.equal(await handover.give(i), true);
      }
      handover.end();
    })();
    for await (const message of handover.messages()) {
      said.push(`take ${message}`);
      await new Promise(setImmediate); // The giver would go on, if it could.
    }
    await giving;
    assert.deepEqual(said, ["give 0", "take 0", "give 1", "take 1", "give 2", "take 2"]);
  });

  it("tells the giver that the taker has left, also one that comes later", async () => {
    const handover = new Handover<number>();
    const giving = handover.give(1);
    for await (const _ of handover.messages()) break;
    assert.equal(await giving, false);
    assert.equal(await handover.give(2), false);
  });

  it("ends once, after what has been given", async () => {
    for (const fault of [new Error("x"), undefined]) {
      const handover = new Handover<number>();
      void handover.give(1);
      handover.fail(fault);
      handover.end();
      const messages = handover.messages();
      assert.deepEqual(await messages.next(), { done: false, value: 1 });
      await assert.rejects(messages.next(), (thrown) => thrown === fault);
    }
    const handover = new Handover<number>();
    handover.end();
    handover.fail(new Error("late"));
    assert.equal((await handover.messages().next()).done, true);
  });

  it("waits for a giver that has nothing yet", async () => {
    const handover = new Handover<number>();
    const first = handover.messages().next();
    await new Promise(setImmediate);
    void handover.give(7);
    assert.deepEqual(await first, { done: false, value: 7 });
  });
});
