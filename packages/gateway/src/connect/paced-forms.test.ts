import assert from "node:assert/strict";
import { setImmediate as settled } from "node:timers/promises";
import { createRegistry } from "@bufbuild/protobuf";
import { InterlockError } from "@interlock/bot";
import { createPace, jsonBytes, maximumJsonAnswerBytes } from "./paced-forms.js";

describe("the pace of a bot's JSON", () => {
  const forms = {
    types: createRegistry(),
    request: (json: Uint8Array) => json,
    answer: (bytes: Uint8Array) => Buffer.from(bytes),
  };
  const burst = Buffer.alloc(jsonBytes.burst);
  const long = Buffer.alloc(maximumJsonAnswerBytes);
  const wanted = () => true;

  it("refuses a bot that has had too much read and written, until that is paid off", async () => {
    let now = 0;
    const pace = createPace(() => now);
    const one = pace("one", forms);
    one.request(burst);
    await one.answer(long, wanted);
    assert.equal(one.waitMs(), (1_000 * long.length) / jsonBytes.perSecond);
    assert.throws(
      () => one.request(Buffer.of(1)),
      (error) =>
        error instanceof InterlockError && error.reason === "RATE_LIMITED" && error.metadata.retryAfterMs === "500",
    );
    pace("other", forms).request(Buffer.of(1));
    now = 500;
    one.request(Buffer.of(1));
  });

  it("keeps the debts of those that have some", async () => {
    let now = 0;
    const pace = createPace(() => now);
    pace("one", forms).request(burst);
    now = 1;
    for (let i = 0; i < 2_000; i++) pace(`bot-${i}`, forms).request(Buffer.of(1));
    await pace("one", { ...forms, answer: () => burst }).answer(long, wanted);
    assert.ok(pace("one", forms).waitMs() > 3_000);
  });

  it("writes one answer of a bot after another, and waits before each of them", async () => {
    let now = 0;
    let waiting = 0;
    const waits: number[] = [];
    const pace = createPace(
      () => now,
      async (ms) => {
        waits.push(ms);
        assert.equal(++waiting, 1, "one waits, and the others wait for it");
        await settled();
        waiting--;
        now += ms / 2; // As a timer that ends too early: it looks again.
      },
    );
    const one = pace("one", forms);
    one.request(burst);
    await Promise.all(Array.from({ length: 10 }, () => one.answer(long, wanted)));
    // The first and what is owed for it is free; each of the other nine waits for the one before.
    assert.ok(now > 8 * 500 && now <= 9 * 500 + 10, `${now} ms`);
    assert.ok(waits.length > 9 && Math.max(...waits) <= 500, String(waits));
    assert.equal(one.waitMs(), 500);
  });

  it("writes nothing that nobody wants, and nothing that is too long", async () => {
    const one = createPace(() => 0)("one", { ...forms, answer: () => assert.fail() });
    assert.equal(await one.answer(long, () => false), undefined);
    await assert.rejects(
      one.answer(Buffer.alloc(long.length + 1), wanted),
      (error) =>
        error instanceof InterlockError &&
        error.code === "RESOURCE_EXHAUSTED" &&
        /application\/proto/.test(error.message),
    );
  });
});
