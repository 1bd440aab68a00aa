import assert from "node:assert/strict";
import type { AnyMethod, Policy } from "@interlock/policy";
import { EchoService } from "../testing/test-fleet.js";
import { createAuthorize } from "./authorize.js";
import type { Caller } from "./caller.js";

describe("authorize", () => {
  function decide(policy: Partial<Policy>, { name = "a/1", scopes = ["a:b", "a:c"], stale = false } = {}): void {
    const { echo } = EchoService.methods;
    const method: AnyMethod = { ...echo, policy: { ...echo.policy, scopes: ["a:b"], ...policy } };
    const caller = { name, scopes: new Set(scopes) } as unknown as Caller;
    createAuthorize({ isStale: () => stale } as never)({ method }, caller);
  }
  const refused = (work: () => void, reason: string, code: string, message: RegExp, metadata: object) =>
    assert.throws(work, (error: Error & { reason?: string; code?: string; metadata?: object }) => {
      assert.deepEqual([error.reason, error.code, error.metadata], [reason, code, metadata]);
      assert.match(error.message, message);
      return true;
    });

  it("lets a caller with the scopes through", () => {
    decide({});
    decide({ scopes: ["a:b", "a:c"] });
    decide({ scopes: [] }, { scopes: [] });
  });

  it("refuses a caller whom the method is not for; one pattern of several is enough", () => {
    const callers = ["leader/*", "a/*"];
    decide({ callers });
    const held = { needed: "leader/* a/*", held: "b/1" };
    const work = () => decide({ callers }, { name: "b/1" });
    refused(work, "CALLER_NOT_ALLOWED", "PERMISSION_DENIED", /not for this caller\.$/, held);
  });

  it("refuses when one scope of several is missing, and says which are needed and held", () => {
    const work = () => decide({ scopes: ["a:b", "a:d"] });
    const message = /it needs "a:b a:d" and holds "a:b a:c"$/;
    refused(work, "SCOPE_MISSING", "PERMISSION_DENIED", message, { needed: "a:b a:d", held: "a:b a:c" });
    const none = () => decide({ scopes: ["a:d"] }, { scopes: [] });
    refused(none, "SCOPE_MISSING", "PERMISSION_DENIED", /and holds none$/, { needed: "a:d", held: "" });
  });

  it("lets a scope through that is held under a condition only where somebody looks at the request", () => {
    const { echo } = EchoService.methods;
    const method: AnyMethod = { ...echo, policy: { ...echo.policy, scopes: ["a:b", "a:c"] } };
    const caller = { name: "a/1", scopes: new Set(["a:c"]), narrowed: new Map([["a:b", ["x < 1", "y"]]]) };
    const authorize = createAuthorize({ isStale: () => false } as never);
    authorize({ method, checksConditions: true }, caller as unknown as Caller);
    const needed = { needed: "x < 1 && y" };
    for (const checksConditions of [false, undefined])
      refused(
        () => authorize({ method, checksConditions }, caller as unknown as Caller),
        "ARGUMENT_NOT_ALLOWED",
        "PERMISSION_DENIED",
        /this server does not look at requests; the grant of the caller says where: x < 1 && y$/,
        needed,
      );
    const other = { ...method, policy: { ...method.policy, scopes: ["a:c"] as const } };
    authorize({ method: other }, caller as unknown as Caller);
    const missing = { ...method, policy: { ...method.policy, scopes: ["a:d"] as const } };
    const work = () => authorize({ method: missing, checksConditions: true }, caller as unknown as Caller);
    const held = { needed: "a:d", held: "a:c a:b" };
    refused(work, "SCOPE_MISSING", "PERMISSION_DENIED", /holds "a:c a:b"$/, held);
  });

  it("refuses what is risky while the trust is stale, and nothing else", () => {
    for (const risk of ["low", "medium"] as const) decide({ risk }, { stale: true });
    for (const risk of ["high", "critical"] as const) {
      decide({ risk });
      refused(() => decide({ risk }, { stale: true }), "TRUST_STALE", "UNAVAILABLE", /stale/, {});
    }
  });
});
