import { parseSpiffeId } from "@interlock/policy";
import { readAddress } from "../base/address.js";
import type { Client } from "../client/client.js";
import type { Place } from "../client/place.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";

/** The maximum number of places that are taken from one answer; the authority sends no more. */
const maximumPlaces = 64;

/** How long the authority has to answer, in milliseconds. */
const timeoutMs = 5_000;

/** What is looked up. */
export interface Wanted {
  /** The full name of the service. */
  readonly service: string;
  /** Identity patterns, one of which a server matches. */
  readonly servers: readonly string[];
  /** The fleet's trust domain. */
  readonly trustDomain: string;
}

/** Asks the authority where a service is served. Leaves out what cannot be dialed, and bots that are not of this fleet. */
export async function locateServers(
  authority: Pick<Client<typeof AuthorityService>, "findServers">,
  { service, servers, trustDomain }: Wanted,
): Promise<readonly Place[]> {
  const answer = await authority.findServers({ service, servedBy: [...servers] }, { detached: true, timeoutMs });
  return answer.endpoints.slice(0, maximumPlaces).flatMap(({ spiffeId, address }): Place[] => {
    const id = parseSpiffeId(spiffeId);
    if (id?.trustDomain !== trustDomain || !canBeDialed(address)) return [];
    return [{ address, servers: [id.name] }];
  });
}

function canBeDialed(address: string): boolean {
  try {
    readAddress(address);
    return true;
  } catch {
    return false;
  }
}
