import assert from "node:assert/strict";
import { createTurnstile } from "./turnstile.js";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("createTurnstile", () => {
  it("lets so many through in a turn of the event loop, in their order", async () => {
    const enter = createTurnstile(2);
    const done: number[] = [];
    const inTurns: number[][] = [];
    for (let i = 0; i < 5; i++) enter({ destroyed: false }, () => done.push(i));
    for (let turn = 0; turn < 3; turn++) {
      inTurns.push(done.splice(0));
      await nextTurn();
    }
    assert.deepEqual(inTurns, [[0, 1], [2, 3], [4]]);
  });

  it("lets what comes later go behind what waits", async () => {
    const enter = createTurnstile(1);
    const done: string[] = [];
    enter({ destroyed: false }, () => done.push("first"));
    enter({ destroyed: false }, () => done.push("second"));
    enter({ destroyed: false }, () => done.push("third"));
    await nextTurn();
    enter({ destroyed: false }, () => done.push("late"));
    while (done.length < 4) await nextTurn();
    assert.deepEqual(done, ["first", "second", "third", "late"]);
  });

  it("drops work on a socket that has been destroyed, which takes no place", async () => {
    const enter = createTurnstile(1);
    const done: string[] = [];
    const gone = { destroyed: false };
    enter({ destroyed: false }, () => done.push("first"));
    for (let i = 0; i < 3; i++) enter(gone, () => done.push("gone"));
    enter({ destroyed: false }, () => done.push("second"));
    gone.destroyed = true;
    await nextTurn();
    assert.deepEqual(done, ["first", "second"]);
  });
});
