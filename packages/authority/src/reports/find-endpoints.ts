import { InterlockError } from "@interlock/bot";
import { isServiceName } from "@interlock/policy";
import type { Endpoints } from "../store/endpoints.js";

/** The maximum number of services that an error lists. */
const maximumListedServices = 5;

/**
 * Finds the full name of a served service from that name or from its last part. Rejects with `INVALID_ARGUMENT` when it is
 * malformed, and when several services have that last part.
 */
export async function fullNameOf(endpoints: Pick<Endpoints, "find" | "services">, service: string): Promise<string> {
  if (!isServiceName(service)) throw invalid("The service is malformed: give its full name, or the last part of it.");
  const isServed = async (name: string) => (await endpoints.find(name, { after: undefined, limit: 1 })).length > 0;
  if (service.includes(".") || (await isServed(service))) return service;
  const served: string[] = [];
  for (const name of await endpoints.services()) {
    if (!name.endsWith(`.${service}`) || !(await isServed(name))) continue;
    served.push(name);
    if (served.length > maximumListedServices) break;
  }
  if (served.length > 1) {
    const names = served.slice(0, maximumListedServices).join(", ");
    const more = served.length > maximumListedServices ? ", and others" : "";
    throw invalid(`Several services have that name: ${names}${more}. Give the full name.`);
  }
  return served[0] ?? service;
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
