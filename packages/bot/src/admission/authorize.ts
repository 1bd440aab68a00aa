import { matchesIdentity, type Policy } from "@interlock/policy";
import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt, AttemptedMethod } from "./attempt.js";
import type { Caller } from "./caller.js";
import { type RefusingServer, trustStale } from "./trust-stale.js";

/** Checks the caller against the method's policy: callers, scopes, and how fresh the trust has to be. */
export function createAuthorize(trust: Trust, server?: RefusingServer) {
  return function authorize({ method }: Pick<Attempt, "method">, caller: Caller): void {
    const { policy } = method;
    if (policy.callers.length > 0 && !policy.callers.some((pattern) => matchesIdentity(pattern, caller.name))) {
      throw denial("CALLER_NOT_ALLOWED", "", { needed: policy.callers.join(" "), held: caller.name });
    }
    if (!policy.scopes.every((scope) => caller.scopes.has(scope))) throw scopeMissing(method, caller);
    if (needsFreshTrust(policy) && trust.isStale()) throw trustStale(trust, server);
  };
}

/** Whether calls of a method are refused while the trust is stale. */
export function needsFreshTrust({ risk }: Pick<Policy, "risk">): boolean {
  return risk === "high" || risk === "critical";
}

function scopeMissing(method: AttemptedMethod, caller: Caller) {
  const needed = method.policy.scopes.join(" ");
  const held = [...caller.scopes].join(" ");
  return denial("SCOPE_MISSING", `it needs "${needed}" and holds ${held ? `"${held}"` : "none"}`, { needed, held });
}
