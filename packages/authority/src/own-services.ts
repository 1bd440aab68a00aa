import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";

/** The services of the authority itself. Their definitions say which bot serves them. */
const own: ReadonlySet<string> = new Set([AuthorityService.name, AdminService.name, EnrollmentService.name]);

/** Whether a service is the authority's own. */
export function isOwnService(service: string): boolean {
  return own.has(service);
}
