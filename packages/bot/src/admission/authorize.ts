import { matchesIdentity, type Policy } from "@interlock/policy";
import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt, AttemptedMethod } from "./attempt.js";
import type { Caller } from "./caller.js";

/** Checks the caller against the method's policy: sunset, callers, scopes, and how fresh the trust has to be. */
export function createAuthorize(trust: Trust) {
  return function authorize({ method, now }: Pick<Attempt, "method" | "now">, caller: Caller): void {
    const { policy } = method;
    const { sunset, replacement = "" } = policy.deprecation ?? {};
    if (sunset !== undefined && now >= Date.parse(sunset)) {
      throw denial("METHOD_SUNSET", replacement && `call ${replacement}`, { sunset, replacement });
    }
    if (policy.callers.length > 0 && !policy.callers.some((pattern) => matchesIdentity(pattern, caller.name))) {
      throw denial("CALLER_NOT_ALLOWED", "", { needed: policy.callers.join(" "), held: caller.name });
    }
    if (!policy.scopes.every((scope) => caller.scopes.has(scope))) throw scopeMissing(method, caller);
    if (needsFreshTrust(policy) && trust.isStale()) throw denial("TRUST_STALE");
  };
}

/** Whether calls of a method are refused while the trust is stale. */
export function needsFreshTrust({ risk }: Pick<Policy, "risk">): boolean {
  return risk === "high" || risk === "critical";
}

function scopeMissing(method: AttemptedMethod, caller: Caller) {
  const needed = method.policy.scopes.join(" ");
  const held = [...caller.scopes].join(" ");
  return denial("SCOPE_MISSING", `it needs "${needed}" and holds "${held}"`, { needed, held });
}
