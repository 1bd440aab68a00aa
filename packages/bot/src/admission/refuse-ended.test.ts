import assert from "node:assert/strict";
import type { AnyMethod, Policy } from "@interlock/policy";
import { EchoService } from "../testing/test-fleet.js";
import { indexRetired } from "../trust/retired-methods.js";
import { createRefuseEnded } from "./refuse-ended.js";

describe("refuse ended", () => {
  const sunset = "2030-01-01";
  const first = Date.parse(sunset);
  const { echo } = EchoService.methods;

  function decide(policy: Partial<Policy>, { now = first, retired = [] as readonly string[] } = {}): void {
    const method: AnyMethod = { ...echo, policy: { ...echo.policy, ...policy } };
    createRefuseEnded({ methodRetired: indexRetired(retired) })({ method, now });
  }
  const refused = (work: () => void, reason: string, message: RegExp, metadata: object) =>
    assert.throws(work, (error: Error & { reason?: string; code?: string; metadata?: object }) => {
      assert.deepEqual([error.reason, error.code, error.metadata], [reason, "UNIMPLEMENTED", metadata]);
      assert.match(error.message, message);
      return true;
    });

  it("refuses from the first moment of the sunset on, and says what to call instead, if there is anything", () => {
    const deprecation = { since: "2026-01-01", sunset, replacement: "x.Y/Z" };
    decide({ deprecation }, { now: first - 1 });
    decide({ deprecation: { since: "2026-01-01" } });
    refused(() => decide({ deprecation }), "METHOD_SUNSET", /: call x\.Y\/Z$/, { sunset, replacement: "x.Y/Z" });
    const bare = { since: "2026-01-01", sunset };
    refused(() => decide({ deprecation: bare }), "METHOD_SUNSET", /sunset date\.$/, { sunset, replacement: "" });
  });

  it("refuses a method that the fleet has retired, by its name or with its whole service", () => {
    const method = echo.path.slice(1);
    const service = method.slice(0, method.lastIndexOf("/"));
    for (const retired of [[method], [`${service}/*`]]) {
      refused(() => decide({}, { retired }), "METHOD_RETIRED", /has been retired\.$/, { method, replacement: "" });
    }
    decide({}, { retired: [`${method}s`, `${service}s/*`, "*/*", `${service}/`] });
  });
});
