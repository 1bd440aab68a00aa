import type { Policy } from "@interlock/policy";
import type { Fleet } from "./inputs/fleet.js";

/** Whether the day of a policy's sunset has come: the method refuses every call. */
export function isPastSunset({ deprecation }: Policy, now: number): boolean {
  return deprecation?.sunset !== undefined && Date.parse(deprecation.sunset) <= now;
}

/** Whether every server of the fleet refuses a method, because it or its service was retired. `subject`: `package.Service/Method`. */
export function isRetired(fleet: Fleet | undefined, subject: string): boolean {
  const service = subject.slice(0, subject.indexOf("/"));
  const retired = fleet?.retiredMethods ?? [];
  return retired.includes(subject) || retired.includes(`${service}/*`);
}
