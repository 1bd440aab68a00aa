import { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import { isIdentityPattern, isServiceName, parseSpiffeId, type SpiffeId } from "@interlock/policy";
import { type Grants, grantedScopes, narrowedScopes } from "@interlock/policy/grants";
import { isOwnService } from "../own-services.js";
import type { Endpoints } from "../store/endpoints.js";
import type { EndpointRow } from "../store/schema.js";
import { mayServe } from "./may-serve.js";
import type { SignOfLife } from "./sign-of-life.js";

/** The maximum number of identity patterns in one request. */
export const maximumPatterns = 64;

/** The maximum length of an identity pattern, in characters: that of a name. */
const maximumPatternLength = 255;

/** The maximum number of servers in one answer. */
export const maximumServers = 64;

/** The maximum number of endpoints that are read for it: the store matches patterns roughly. */
const maximumRead = 4 * maximumServers;

/** The maximum number of addresses of one bot in an answer. */
const maximumPerBot = 4;

/** What a search for servers works with. */
export interface FindServersOptions {
  readonly endpoints: Pick<Endpoints, "findServers">;
  readonly grants: Grants;
  readonly signOfLife: SignOfLife;
  /** Whether the caller holds a delegation at the service: what it may call in the name of another bot, it may look up. */
  isDelegated(): Promise<boolean>;
  /** Whether a bot is revoked by a pattern. */
  isRevoked(name: string): boolean;
}

/** What is searched for. */
export interface ServerSearch {
  readonly caller: Pick<SpiffeId, "name" | "trustDomain">;
  /** The full name of the service. */
  readonly service: string;
  /** Identity patterns of the bots that may serve it. */
  readonly servedBy: readonly string[];
}

/**
 * Finds the bots that serve a service, for a bot that is granted a scope at it, or holds a delegation. Rejects with `INVALID_ARGUMENT` for a
 * malformed search; with `NO_GRANT` for a bot without a scope, whether the service exists or not.
 */
export async function findServers(
  { endpoints, grants, signOfLife, isDelegated, isRevoked }: FindServersOptions,
  { caller, service, servedBy }: ServerSearch,
): Promise<readonly Pick<EndpointRow, "spiffeId" | "service" | "address">[]> {
  if (!isServiceName(service)) throw invalid("The service is malformed: give its full name.");
  checkPatterns(servedBy);
  if (servedBy.length === 0)
    throw invalid("Name the bots that may serve it in served_by: any bot can report any service.");
  const isNarrowed = narrowedScopes(grants, caller.name, service).size > 0;
  if (grantedScopes(grants, caller.name, service).size === 0 && !isNarrowed && !(await isDelegated())) {
    const remedy = 'add one to grants.yaml, or directory:read, and run "interlock grants apply grants.yaml"';
    throw denial("NO_GRANT", `"${caller.name}" is granted nothing at ${service}, so it may not look it up; ${remedy}`, {
      service,
      needed: "directory:read",
      held: "",
    });
  }
  const rows = await endpoints.findServers(service, {
    trustDomain: caller.trustDomain,
    patterns: servedBy,
    since: isOwnService(service) ? 0 : signOfLife.since(),
    perBot: maximumPerBot,
    limit: maximumRead,
  });
  const found = rows.filter(({ spiffeId }) => {
    const name = parseSpiffeId(spiffeId)?.name ?? "";
    return mayServe(name, service, servedBy) && !isRevoked(name);
  });
  return found.slice(0, maximumServers).map(({ spiffeId, address }) => ({ spiffeId, service, address }));
}

/** Throws `INVALID_ARGUMENT` for patterns that are too many, too long or malformed. */
export function checkPatterns(patterns: readonly string[]): void {
  if (patterns.length > maximumPatterns) throw invalid(`Give at most ${maximumPatterns} patterns in served_by.`);
  if (patterns.every((text) => text.length <= maximumPatternLength && isIdentityPattern(text))) return;
  throw invalid('A pattern in served_by is malformed: write one such as "gripper/*".');
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
