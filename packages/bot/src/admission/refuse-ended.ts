import type { Policy } from "@interlock/policy";
import { denial, type InterlockError } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";

/**
 * Refuses a method that has ended: it is past its sunset, or the fleet has retired it. It needs no token, because that the
 * method is gone is no secret within the fleet, and so that a scan can prove it.
 *
 * @throws `METHOD_SUNSET`, `METHOD_RETIRED`.
 */
export function createRefuseEnded(trust: Pick<Trust, "methodRetired">) {
  return function refuseEnded({ method, now }: Pick<Attempt, "method" | "now">): void {
    const { policy, path } = method;
    if (policy.deprecation && now >= sunsetOf(policy)) throw methodSunset(policy);
    if (trust.methodRetired(path)) throw methodRetired(policy, path);
  };
}

/** The first moment at which calls of a method are refused, in milliseconds since the epoch; `Infinity` for never. */
export function sunsetOf({ deprecation }: Pick<Policy, "deprecation">): number {
  return deprecation?.sunset === undefined ? Number.POSITIVE_INFINITY : Date.parse(deprecation.sunset);
}

/** Makes the denial of a call of a method that is past its sunset. */
export function methodSunset({ deprecation }: Pick<Policy, "deprecation">): InterlockError {
  const { sunset = "", replacement = "" } = deprecation ?? {};
  return denial("METHOD_SUNSET", replacement && `call ${replacement}`, { sunset, replacement });
}

/** Makes the denial of a call of a method that the fleet has retired. */
export function methodRetired({ deprecation }: Pick<Policy, "deprecation">, path: string): InterlockError {
  const { replacement = "" } = deprecation ?? {};
  return denial("METHOD_RETIRED", replacement && `call ${replacement}`, { method: path.slice(1), replacement });
}
