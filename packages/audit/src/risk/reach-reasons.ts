import type { Endpoint } from "../inventory/inventory.js";
import type { Reach } from "../reach.js";
import { listText, plural } from "../text.js";
import type { RiskReason } from "./risk-reason.js";
import { actorSteps, factPoints, reachSteps, stepPoints } from "./weights.js";

/** Who can call, and who can act for those that can. */
export function reachReasons({ policy }: Endpoint, reach: Reach | undefined): RiskReason[] {
  const reasons: RiskReason[] = [];
  if (policy?.anyBot) {
    const limit =
      policy.callers.length > 0 ? `Any bot of ${listText(policy.callers)}` : "Any bot with a valid certificate";
    reasons.push({ points: factPoints["any-bot"], text: `${limit} may call it, without a token.` });
  }
  if (!reach) return reasons;
  const { direct, actors, wildcards } = reach;
  const can = `${plural(direct.length, "bot")} can call it now: ${listText(direct)}.`;
  reasons.push({ points: stepPoints(reachSteps, direct.length), text: can });
  const deep = wildcards.filter((pattern) => pattern.endsWith("**"));
  if (deep.length > 0)
    reasons.push({
      points: factPoints["deep-wildcard"],
      text: `A scope of it is granted to ${listText(deep)}: to every bot below, present and future.`,
    });
  else if (wildcards.length > 0)
    reasons.push({
      points: factPoints.wildcard,
      text: `A scope of it is granted to ${listText(wildcards)}, so to bots that join later, too.`,
    });
  const act = `${listText(actors)} may act there for the bots that call ${actors.length === 1 ? "it" : "them"}, by token:exchange.`;
  reasons.push({ points: stepPoints(actorSteps, actors.length), text: act });
  return reasons.filter(({ points }) => points > 0);
}
