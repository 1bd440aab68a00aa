import assert from "node:assert/strict";
import type { MethodKind } from "@interlock/policy";
import { introduce } from "./introduction.js";
import type { GrpcAttempt } from "./live-call.js";

describe("the introduction of an answer", () => {
  /** What it reads of a call of a method, by name. */
  function readOf(kind: MethodKind, anyBot: boolean): string[] {
    const read: string[] = [];
    const parts = {
      method: { kind, policy: { anyBot } },
      connection: {},
      authorization: [],
      metadata: { get: () => [] },
    } as unknown as GrpcAttempt;
    const attempt = new Proxy(parts, {
      get(target, name, receiver) {
        read.push(String(name));
        return Reflect.get(target, name, receiver);
      },
    });
    const options = { certificate: () => assert.fail("there is no token"), vouch: () => assert.fail("nobody vouches") };
    introduce(attempt, { deprecation: undefined }, false, options);
    return read;
  }

  it("asks for the metadata of a call, which is made then, only where vouches are read", () => {
    assert.ok(readOf("unary", true).includes("metadata"));
    assert.ok(!readOf("unary", false).includes("metadata"));
    assert.ok(!readOf("serverStreaming", true).includes("metadata"));
  });
});
