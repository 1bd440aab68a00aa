import { InterlockError } from "@interlock/bot";
import type { Endpoints } from "../store/endpoints.js";
import type { EndpointRow } from "../store/schema.js";

/**
 * Finds the endpoints of a service, the latest report first. `service` is its full name or the last part of that.
 * Rejects with `INVALID_ARGUMENT` when several services have that last part.
 */
export async function findEndpoints(endpoints: Endpoints, service: string): Promise<EndpointRow[]> {
  const exact = await endpoints.find(service);
  if (exact.length > 0 || service.includes(".")) return exact;
  const found: EndpointRow[][] = [];
  for (const name of await endpoints.services()) {
    if (name.endsWith(`.${service}`)) found.push(await endpoints.find(name));
  }
  const served = found.filter((rows) => rows.length > 0);
  if (served.length > 1) {
    const names = served.map((rows) => rows[0]?.service).join(", ");
    throw new InterlockError("INVALID_ARGUMENT", `Several services have that name: ${names}. Give the full name.`);
  }
  return served[0] ?? [];
}
