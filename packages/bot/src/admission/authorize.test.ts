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

  it("refuses what is risky while the trust is stale, and nothing else", () => {
    for (const risk of ["low", "medium"] as const) decide({ risk }, { stale: true });
    for (const risk of ["high", "critical"] as const) {
      decide({ risk });
      refused(() => decide({ risk }, { stale: true }), "TRUST_STALE", "UNAVAILABLE", /stale/, {});
    }
  });
});
