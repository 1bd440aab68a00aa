import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { grpcLogLines, ownGrpcLog } from "./grpc-log.js";
import { type LogFields, silentLog, toLine } from "./log.js";
import { printable } from "./printable.js";

describe("what grpc-js prints", () => {
  it("is counted, and at most a line of it is told, cut and escaped", () => {
    const told: LogFields[] = [];
    ownGrpcLog({ ...silentLog, warn: (_message, fields) => told.push(fields ?? {}) });
    const before = grpcLogLines();
    const value = `\u009b31m${"a".repeat(10_000)}`;
    for (let i = 0; i < 100; i++) Metadata.fromHttp2Headers({ "x-bad": value });
    assert.equal(grpcLogLines() - before, 100);
    // Another test of this process may have had the line of these ten seconds.
    assert.ok(told.length <= 1);
    for (const { line } of told) assert.ok(!/[^ -~…]/.test(String(line)) && String(line).length < 300, String(line));
  });
});

describe("a line of a log", () => {
  it("holds nothing that a terminal obeys, and is the same when it is read again", () => {
    const text = "a\u001b[31m\u0007\u007f\u009b2J\u202eb\u2028c\ufeff\u200bd\ud800e \u00e4\u4e2d\u{1f600}";
    const line = toLine({ text });
    assert.ok(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(line), line);
    assert.deepEqual(JSON.parse(line), { text });
    assert.equal(printable("ä中\u{1f600} plain"), "ä中\u{1f600} plain");
  });

  it("is bounded in each field", () => {
    const { text } = JSON.parse(toLine({ text: "x".repeat(1_000_000) }));
    assert.ok(text.length < 4_200 && text.endsWith("(1000000 characters)"));
    assert.equal(printable("x".repeat(10), { maximumLength: 4 }), "xxxx… (10 characters)");
  });
});
