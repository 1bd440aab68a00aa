import { denial } from "../base/error.js";
import type { TokenLimits } from "../token/read-delegation.js";
import type { AttemptedMethod } from "./attempt.js";

/**
 * Checks the limits of a token beside its scopes: that it is for this method, and that an operator has approved the call where
 * the policy wants that. What the call says is compared with what was approved once it has come; see `server/approved-calls.ts`.
 *
 * @throws `METHOD_NOT_DELEGATED` or `APPROVAL_REQUIRED`.
 */
export function limitToken({ path, policy }: AttemptedMethod, limits: TokenLimits): void {
  const { methods } = limits;
  const name = methodName(path);
  if (methods && !methods.has(name)) {
    throw denial("METHOD_NOT_DELEGATED", "", { needed: name, held: [...methods].join(" ") });
  }
  if (policy.approval === undefined || limits.approval !== undefined) return;
  if (policy.approval === "delegated" && limits.delegation === undefined) return;
  throw denial("APPROVAL_REQUIRED", `request one for ${path.slice(1)}`, { needed: path.slice(1) });
}

/** The name of a method by its path. */
export function methodName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
