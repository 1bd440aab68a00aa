import { isInterlock } from "../facts/names.js";
import { placeOf } from "../facts/places.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { compareScan } from "../scan/compare-scan.js";

/** An address that a running bot has reported, and where a scan found nothing. */
export const declaredButNotListening: Rule = {
  id: "declared-but-not-listening",
  severity: "medium",
  title: "A reported address does not listen",
  description:
    "A running bot says that it serves at an address that the scan covered, and nothing listens there. Its callers fail, or the address is advertised wrongly.",
  remedy: "Correct the address that the bot advertises, or open the port.",
  owasp: owasp.inventory,
  needs: ["fleet", "scan"],
  find: (inputs) => {
    const { fleet, scan, project } = inputs;
    if (!fleet || !scan) return [];
    // A bot that started during the scan is not judged.
    const processes = fleet.processes.filter(({ startedAt, bot }) => startedAt < scan.startedAt && !isInterlock(bot));
    return compareScan(scan, project, { ...fleet, processes }).flatMap(({ kind, address, bot, sentence, services }) => {
      if (kind !== "declared-but-not-listening") return [];
      return [
        {
          subject: `${bot} ${address}`,
          message: sentence,
          evidence: [`The scan covered ${scan.targets.join(", ")}.`],
          remedy: "Correct the address that it advertises, or open the port.",
          command: `interlock scan ${address}`,
          place: services.map((service) => placeOf(inputs, service)).find((place) => place !== undefined),
        },
      ];
    });
  },
};
