import { isLooser } from "../inventory/create-endpoint.js";
import type { Endpoint } from "../inventory/inventory.js";
import { spanText, timeText } from "../text.js";
import type { RiskReason } from "./risk-reason.js";
import { factPoints } from "./weights.js";

/** How well the endpoint is looked after. */
export function lifeReasons(endpoint: Endpoint, now: number): RiskReason[] {
  const { states, unusedSince, unknown, policy, drift, lastCallAt } = endpoint;
  const has = (state: (typeof states)[number]) => states.includes(state);
  const reasons: RiskReason[] = [];
  if (has("undeclared"))
    reasons.push({
      points: factPoints.undeclared,
      text: "The project does not declare it: nobody has reviewed it there.",
    });
  const { since, sunset } = policy?.deprecation ?? {};
  if (has("past sunset"))
    reasons.push({ points: factPoints["past-sunset"], text: `It is past its sunset of ${sunset}, and is still here.` });
  else if (has("deprecated"))
    reasons.push({
      points: factPoints.deprecated,
      text: `It is deprecated${since ? ` since ${since}` : ""}${sunset ? `, until ${sunset}` : ""}.`,
    });
  if (has("unused")) {
    const last =
      lastCallAt === undefined ? "No call has ever been recorded" : `Its last call was at ${timeText(lastCallAt)}`;
    const ago = unusedSince === undefined ? "" : ` It has been unused for ${spanText(now - unusedSince)}.`;
    reasons.push({ points: factPoints.unused, text: `${last}.${ago}` });
  } else if (!has("used") && has("unknown"))
    reasons.push({ points: factPoints.unknown, text: `Whether it is used is not known. ${unknown[0] ?? ""}`.trim() });
  const looser = drift.find(isLooser);
  if (looser) reasons.push({ points: factPoints.drift, text: looser });
  return reasons;
}
