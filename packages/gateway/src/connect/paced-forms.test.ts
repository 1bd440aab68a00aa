import assert from "node:assert/strict";
import { createRegistry } from "@bufbuild/protobuf";
import { InterlockError } from "@interlock/bot";
import { createPace, jsonBytes } from "./paced-forms.js";

describe("the pace of a bot's JSON", () => {
  const forms = {
    types: createRegistry(),
    request: (json: Uint8Array) => json,
    answer: (bytes: Uint8Array) => Buffer.from(bytes),
  };
  const burst = Buffer.alloc(jsonBytes.burst);

  it("refuses a bot that has had too much read and written, until that is paid off", () => {
    let now = 0;
    const pace = createPace(() => now);
    const one = pace("one", forms);
    one.request(burst);
    one.answer(burst.subarray(0, jsonBytes.perSecond));
    assert.equal(one.waitMs(), 1_000);
    assert.throws(
      () => one.request(Buffer.of(1)),
      (error) =>
        error instanceof InterlockError && error.reason === "RATE_LIMITED" && error.metadata.retryAfterMs === "1000",
    );
    pace("other", forms).request(Buffer.of(1));
    now = 1_000;
    one.request(Buffer.of(1));
  });

  it("keeps the debts of those that have some", () => {
    let now = 0;
    const pace = createPace(() => now);
    pace("one", forms).request(burst);
    now = 1;
    for (let i = 0; i < 2_000; i++) pace(`bot-${i}`, forms).request(Buffer.of(1));
    pace("one", forms).answer(burst);
    assert.ok(pace("one", forms).waitMs() > 3_000);
  });
});
