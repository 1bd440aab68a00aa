import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { matchesIdentity } from "@interlock/policy";
import { authorityName } from "../names.js";

/** The services of the authority itself. Their definitions say which bot serves them. */
const own: ReadonlySet<string> = new Set([AuthorityService.name, AdminService.name, EnrollmentService.name]);

/**
 * Whether a bot may serve a service: the authority alone its own services, and of other services the bots that match
 * `servedBy`, the patterns in the definition that a caller has. Without patterns, every bot.
 */
export function mayServe(name: string, service: string, servedBy: readonly string[] = []): boolean {
  if (own.has(service)) return name === authorityName;
  return servedBy.length === 0 || servedBy.some((pattern) => matchesIdentity(pattern, name));
}
