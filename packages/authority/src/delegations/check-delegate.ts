import { InterlockError } from "@interlock/bot";
import { maximumMethods } from "@interlock/bot/internal";
import { isScope, isServiceName } from "@interlock/policy";
import { brokenRule } from "../names.js";
import type { WantedPart } from "./allowed.js";

/** The longest time that a delegation lasts, in seconds. */
const maximumTtlSeconds = 7 * 24 * 3_600;

const maximumScopes = 64;
/** The maximum number of services in one delegation, also where none is named. */
export const maximumServices = 32;

/** A request for a delegation, as it comes. */
export interface AskedDelegation extends WantedPart {
  readonly to: string;
  /** 0 for the default. */
  readonly ttlSeconds: number;
  /** The id of the delegation of which it is a part; empty for the own grants. */
  readonly parent: string;
}

/** Throws `INVALID_ARGUMENT` for a request that is malformed, or has too much. */
export function checkDelegate({ to, scopes, services, methods, ttlSeconds, parent }: AskedDelegation): void {
  const rule = brokenRule(to);
  if (rule !== undefined) throw invalid(`The holder's name is not one: ${rule}.`);
  if (scopes.length === 0) throw invalid("The delegation has no scope: name at least one.");
  if (scopes.length > maximumScopes) throw invalid(`Name at most ${maximumScopes} scopes.`);
  if (!scopes.every(isScope)) throw invalid("A scope is malformed: write resource:action in lower case.");
  if (services.length > maximumServices) throw invalid(`Name at most ${maximumServices} services.`);
  if (!services.every((name) => isServiceName(name) && name.length <= 255))
    throw invalid("A service is malformed: give its full name, for example cafe.gripper.v1.GripperService.");
  if (methods.length > maximumMethods) throw invalid(`Name at most ${maximumMethods} methods.`);
  if (!methods.every(isMethodName)) throw invalid("A method is malformed: write package.Service/Method.");
  if (ttlSeconds > maximumTtlSeconds)
    throw invalid("A delegation lasts seven days at most: choose a shorter time, and renew it.");
  if (parent.length > 128) throw invalid("The parent is no id of a delegation.");
}

/** Whether a text is `package.Service/Method`. */
export function isMethodName(text: string): boolean {
  const [service = "", method = "", ...rest] = text.split("/");
  return rest.length === 0 && text.length <= 511 && isServiceName(service) && /^[A-Za-z_]\w{0,254}$/.test(method);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
