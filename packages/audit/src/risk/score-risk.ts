import type { AuditInputs } from "../inputs/inputs.js";
import { createPortFinder } from "../inventory/find-ports.js";
import type { Endpoint, Inventory } from "../inventory/inventory.js";
import { createReach, type Reach } from "../reach.js";
import { compareText } from "../text.js";
import { exposureReasons } from "./exposure-reasons.js";
import { lifeReasons } from "./life-reasons.js";
import { policyReasons } from "./policy-reasons.js";
import { reachReasons } from "./reach-reasons.js";
import type { RiskReason } from "./risk-reason.js";
import { maximumScore } from "./weights.js";

/** The risk of one endpoint. */
export interface EndpointRisk {
  /** As {@link Endpoint.name}. */
  readonly name: string;
  /** 0 to 100. */
  readonly score: number;
  /** What the score consists of, the most points first. Their sum may be above the score. */
  readonly reasons: readonly RiskReason[];
  /** The worst that could happen, as its policy states it; absent when it states none. */
  readonly worstCase?: string | undefined;
  /** How many bots can call it now, and how many may act for those. Absent when the grants are not known. */
  readonly reach?: { readonly bots: number; readonly actors: number } | undefined;
}

/**
 * Scores the risk of each endpoint by the table of docs/risk.md: what a wrongful call could do, how many bots can make one, and
 * how well the endpoint is looked after. Further grants never lower a score. Interlock's own endpoints are not scored.
 *
 * @param inventory - The inventory that was made from `inputs`.
 * @returns The endpoints, the worst first, then by name.
 */
export function scoreRisk(inventory: Inventory, inputs: AuditInputs): EndpointRisk[] {
  const { fleet, scan, now } = inputs;
  const grants = fleet?.grants ?? inputs.grantsFile?.grants;
  // A bot that is retired or revoked can call nothing; any other may.
  const bots = (fleet?.bots ?? []).filter(({ retiredAt, revokedAt }) => (retiredAt ?? revokedAt) === undefined);
  const names = bots.map(({ name }) => name);
  const index = grants && createReach(grants, names);
  const findPort = createPortFinder(scan, fleet?.trustDomain ?? "");

  return inventory.endpoints
    .filter(({ own }) => !own)
    .map((endpoint) => {
      const reach = index && reachOf(endpoint, index.reach);
      const ports = endpoint.servers.flatMap(({ bot, address }) => findPort(bot, address) ?? []);
      const reasons = [
        ...policyReasons(endpoint),
        ...reachReasons(endpoint, reach),
        ...lifeReasons(endpoint, now),
        ...exposureReasons([...new Set(ports)], `/${endpoint.name}`),
      ].sort((a, b) => b.points - a.points);
      return {
        name: endpoint.name,
        score: Math.min(
          maximumScore,
          reasons.reduce((sum, { points }) => sum + points, 0),
        ),
        reasons,
        worstCase: endpoint.policy?.worstCase,
        reach: reach && fleet && { bots: reach.direct.length, actors: reach.actors.length },
      };
    })
    .sort((a, b) => b.score - a.score || compareText(a.name, b.name));
}

/** Undefined when the policy is not known: nobody can say who may call. */
function reachOf(
  { service, policy }: Endpoint,
  reach: (service: string, scopes: readonly string[], callers: readonly string[]) => Reach,
): Reach | undefined {
  return policy && reach(service, policy.anyBot ? [] : policy.scopes, policy.callers);
}
