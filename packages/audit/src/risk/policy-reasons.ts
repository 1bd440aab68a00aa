import type { Endpoint } from "../inventory/inventory.js";
import type { RiskReason } from "./risk-reason.js";
import { dataPoints, factPoints, riskPoints } from "./weights.js";

/** What a wrongful call could do, as the policy states it. */
export function policyReasons({ policy }: Endpoint): RiskReason[] {
  if (!policy)
    return [
      {
        points: factPoints["no-policy"],
        text: "No proto file and no manifest states its policy: what it can do is not known.",
      },
    ];
  const { risk, dataClasses, rate } = policy;
  const reasons = [{ points: riskPoints[risk], text: `Its policy states a ${risk} risk.` }];
  const [worst] = [...dataClasses].sort((a, b) => dataPoints[b] - dataPoints[a]);
  if (worst !== undefined) reasons.push({ points: dataPoints[worst], text: `It reads or returns ${worst} data.` });
  if (!rate) {
    const isHigh = risk === "high" || risk === "critical";
    reasons.push({
      points: factPoints[isHigh ? "no-rate-high" : "no-rate"],
      text: "It has no rate of its own: a caller may call it as often as a bot may call at all.",
    });
  }
  return reasons.filter(({ points }) => points > 0);
}
