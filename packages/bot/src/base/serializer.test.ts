import assert from "node:assert/strict";
import type { Codec } from "@interlock/policy";
import { ReportRequest } from "../gen/interlock/authority/v1/authority_service.js";
import { Revocation, RevokeRequest } from "../gen/interlock/authority/v1/revocation.js";
import { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import { CheckedWriter } from "./checked-writer.js";
import { serializer } from "./serializer.js";

const refused = (codec: unknown, message: unknown, text: string) =>
  assert.throws(() => serializer(codec as Codec<unknown>)(message), { name: "UnwritableMessage", message: text });

describe("the serializer", () => {
  it("names the field, at any depth, and what it takes", () => {
    const whole = "it takes a whole number from 0 to 4,294,967,295";
    for (const [value, said] of [
      [Number.NaN, "NaN"],
      [-1, "-1"],
      [1.5, "1.5"],
      [2 ** 32, "4294967296"],
      ["5", "text"],
      [true, "true"],
      [[5], "a list"],
      [{}, "an object"],
    ] as const) {
      refused(
        WatchTrustResponse,
        { staleAfterSeconds: value },
        `the field "staleAfterSeconds" cannot be ${said}: ${whole}`,
      );
    }
    refused(
      ReportRequest,
      { endpoints: [{ service: "a" }, { service: 5 }] },
      'the field "endpoints.1.service" cannot be 5: it takes text',
    );
    refused(
      RevokeRequest,
      { subject: { $case: "identity", value: 5 } },
      'the field "subject.value" cannot be 5: it takes text',
    );
    refused(Revocation, undefined, "the message cannot be undefined: it takes another type");
  });

  it("names 64-bit numbers that are none, or too large, and takes whole numbers of any form", () => {
    const cutOffs = (grantsVersion: unknown) => ({ cutOffs: [{ identity: "a", grantsVersion }] });
    const refusedAs = (value: unknown, said: string, needed: string) =>
      refused(
        WatchTrustResponse,
        cutOffs(value),
        `the field "cutOffs.0.grantsVersion" cannot be ${said}: it takes ${needed}`,
      );
    const whole = "a whole number of at most 64 bits";
    refusedAs(1.5, "1.5", whole);
    refusedAs(Number.NaN, "NaN", whole);
    refusedAs(-1n, "-1n", whole);
    refusedAs(2n ** 64n, `${2n ** 64n}n`, whole);
    refusedAs("five", "text", "another type");
    const write = serializer(WatchTrustResponse as never);
    for (const five of [5, "5"]) assert.deepEqual(write(cutOffs(five)), write(cutOffs(5n)));
  });

  it("names times that are none", () => {
    for (const at of [new Date(Number.NaN), "yesterday", 5]) {
      assert.throws(
        () => serializer(Revocation as never)({ revokedAt: at }),
        /^UnwritableMessage: the field "revokedAt" cannot be/,
      );
    }
  });

  it("takes what is left out, undefined or null, for the default", () => {
    const write = serializer(WatchTrustResponse as never);
    for (const message of [{}, { staleAfterSeconds: undefined }, { staleAfterSeconds: null }]) {
      assert.equal(write(message).length, 0);
    }
  });

  it("refuses a value of the wrong type for every scalar type, and takes the bounds of each", () => {
    const text = { toString: () => "1" };
    const kinds: Record<string, readonly [good: readonly unknown[], bad: readonly unknown[]]> = {
      bool: [
        [true, false],
        [0, 1, "false", undefined, null],
      ],
      string: [
        ["", "a"],
        [5, undefined, text],
      ],
      bytes: [
        [new Uint8Array(2), Buffer.alloc(1)],
        ["a", [1], new ArrayBuffer(1)],
      ],
      double: [
        [0, -0, 1e308, Infinity, -Infinity],
        [NaN, "5", "", undefined, null, true, 5n, text],
      ],
      float: [
        [0, 3.4e38, Infinity],
        [NaN, "5", 3.5e38, undefined, 5n],
      ],
      int32: [
        [-(2 ** 31), 2 ** 31 - 1, 0, -0],
        [2 ** 31, -(2 ** 31) - 1, 0.5, NaN, "5", 5n, undefined, Infinity],
      ],
      sint32: [
        [-(2 ** 31), 2 ** 31 - 1],
        [2 ** 31, 0.5, "5"],
      ],
      sfixed32: [
        [-(2 ** 31), 2 ** 31 - 1],
        [2 ** 31, 0.5, "5"],
      ],
      uint32: [
        [0, 2 ** 32 - 1],
        [-1, 2 ** 32, 0.5, NaN, "5", 5n, undefined, Infinity],
      ],
      fixed32: [
        [0, 2 ** 32 - 1],
        [-1, 2 ** 32, "5"],
      ],
    };
    for (const [kind, [good, bad]] of Object.entries(kinds)) {
      const write = (value: unknown) =>
        (new CheckedWriter() as unknown as Record<string, (v: unknown) => unknown>)[kind]?.(value);
      for (const value of good) assert.doesNotThrow(() => write(value), `${kind} ${String(value)}`);
      for (const value of bad) assert.throws(() => write(value), { message: /^it takes / }, `${kind} ${String(value)}`);
    }
  });
});
