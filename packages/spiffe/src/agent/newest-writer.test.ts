import assert from "node:assert/strict";
import { createNewestWriter } from "./newest-writer.js";

describe("createNewestWriter", () => {
  it("has one message under way, and makes one of all that changes meanwhile", () => {
    let value = 1;
    const written: number[] = [];
    let taken = () => {};
    const sink = {
      write(message: number, done: () => void) {
        written.push(message);
        taken = done;
      },
    };
    const show = createNewestWriter(sink, () => value);
    show();
    for (value = 2; value < 5; value++) show();
    value = 5;
    assert.deepEqual(written, [1]);
    taken();
    assert.deepEqual(written, [1, 5]);
    taken();
    assert.deepEqual(written, [1, 5], "nothing has changed since");
    show();
    assert.deepEqual(written, [1, 5, 5]);
  });

  it("writes nothing where there is nothing to say", () => {
    const written: number[] = [];
    const show = createNewestWriter({ write: (message: number) => written.push(message) }, () => undefined);
    show();
    show();
    assert.deepEqual(written, []);
  });
});
