import { matchesIdentity, type Policy } from "@interlock/policy";
import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt, AttemptedMethod } from "./attempt.js";
import type { Caller } from "./caller.js";
import { conditionsOf, holdsScope } from "./conditions.js";
import { type RefusingServer, trustStale } from "./trust-stale.js";

/** Checks the caller against the method's policy: callers, scopes, and how fresh the trust has to be. */
export function createAuthorize(trust: Trust, server?: RefusingServer) {
  return function authorize(
    { method, checksConditions }: Pick<Attempt, "method" | "checksConditions">,
    caller: Caller,
  ): void {
    const { policy } = method;
    if (policy.callers.length > 0 && !policy.callers.some((pattern) => matchesIdentity(pattern, caller.name))) {
      throw denial("CALLER_NOT_ALLOWED", "", { needed: policy.callers.join(" "), held: caller.name });
    }
    if (!policy.scopes.every((scope) => holdsScope(caller, scope))) throw scopeMissing(method, caller);
    const conditions = checksConditions ? [] : conditionsOf(method, caller);
    if (conditions.length > 0) throw argumentNotAllowed(conditions, "this server does not look at requests");
    if (needsFreshTrust(policy) && trust.isStale()) throw trustStale(trust, server);
  };
}

/** The denial of a request because of the conditions under which its caller holds a scope. */
export function argumentNotAllowed(conditions: readonly string[], why: string) {
  const needed = conditions.join(" && ");
  return denial("ARGUMENT_NOT_ALLOWED", `${why}; the grant of the caller says where: ${needed}`, { needed });
}

/** Whether calls of a method are refused while the trust is stale. */
export function needsFreshTrust({ risk }: Pick<Policy, "risk">): boolean {
  return risk === "high" || risk === "critical";
}

function scopeMissing(method: AttemptedMethod, caller: Caller) {
  const needed = method.policy.scopes.join(" ");
  const held = [...caller.scopes, ...(caller.narrowed?.keys() ?? [])].join(" ");
  return denial("SCOPE_MISSING", `it needs "${needed}" and holds ${held ? `"${held}"` : "none"}`, { needed, held });
}
