import { matchesIdentity } from "@interlock/policy";
import { authorityName } from "../names.js";
import { isOwnService } from "../own-services.js";

/**
 * Whether a bot may serve a service: the authority alone its own services, and of other services the bots that match
 * `servedBy`, the patterns in the definition that a caller has. Without patterns, every bot.
 */
export function mayServe(name: string, service: string, servedBy: readonly string[] = []): boolean {
  if (isOwnService(service)) return name === authorityName;
  return servedBy.length === 0 || servedBy.some((pattern) => matchesIdentity(pattern, name));
}
