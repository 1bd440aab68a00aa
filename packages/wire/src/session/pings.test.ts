import assert from "node:assert/strict";
import { frameType } from "../frame/kinds.js";
import { bounds } from "../limits/limits.js";
import type { FrameWriter } from "../send/frame-writer.js";
import { words } from "../testing/index.js";
import { Pings } from "./pings.js";

/** Pings, with what they have sent, and the answers of which they took note. */
function create() {
  const sent: number[][] = [];
  const answered: number[] = [];
  const pings = new Pings();
  const frames = { numbers: (...frame: number[]) => void sent.push(frame) } as unknown as FrameWriter;
  let asked = 0;
  const send = () => {
    const number = ++asked;
    pings.send(frames, () => answered.push(number));
  };
  return { pings, sent, answered, send };
}

describe("Pings", () => {
  it("have a number each, and take the answers in their order", () => {
    const { pings, sent, answered, send } = create();
    for (let i = 0; i < 3; i++) send();
    assert.deepEqual(
      sent,
      [1, 2, 3].map((number) => [frameType.ping, 0, 0, 0, number]),
    );
    for (const number of [1, 2, 3]) pings.answer(words(99, 0, number), 4);
    assert.deepEqual(answered, [1, 2, 3]);
  });

  it("ignore an answer that is not that to the oldest one", () => {
    const { pings, answered, send } = create();
    pings.answer(words(0, 1), 0);
    send();
    send();
    for (const payload of [words(0, 2), words(1, 1), words(0, 0)]) pings.answer(payload, 0);
    assert.deepEqual(answered, []);
    pings.answer(words(0, 1), 0);
    pings.answer(words(0, 1), 0);
    assert.deepEqual(answered, [1]);
  });

  it("are not sent while as many are under way as may be", () => {
    const { pings, sent, answered, send } = create();
    for (let i = 0; i < bounds.pings + 2; i++) send();
    assert.equal(sent.length, bounds.pings);
    pings.answer(words(0, 1), 0);
    send();
    assert.equal(sent.length, bounds.pings + 1);
    assert.deepEqual(answered, [1]);
  });
});
