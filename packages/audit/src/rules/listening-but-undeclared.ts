import { placeOfPort } from "../facts/port-place.js";
import { reporterOf } from "../facts/ports.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { compareScan } from "../scan/compare-scan.js";

/** A port of the kind that bots have, and that no bot of the fleet has reported. */
export const listeningButUndeclared: Rule = {
  id: "listening-but-undeclared",
  severity: "high",
  title: "A port listens that no bot has reported",
  description:
    "A port on a scanned machine speaks gRPC, or demands a client certificate, and no bot of the fleet has reported its address; or it serves services that nothing declares. It is an endpoint that nobody remembers.",
  remedy: "Find the process, and make a bot of it or end it.",
  owasp: owasp.inventory,
  needs: ["scan"],
  find: (inputs) => {
    const { scan, project, fleet } = inputs;
    const differences = scan ? compareScan(scan, project, fleet) : [];
    return differences.flatMap(({ kind, address, sentence, services }) => {
      const port = scan?.ports.find((one) => one.address === address);
      if (kind !== "listening-but-undeclared" || !port) return [];
      // The same bot at the same port, under another address of its machine.
      if (services.length === 0 && fleet && reporterOf(fleet, port) !== undefined) return [];
      return [
        {
          subject: address,
          message: sentence,
          evidence: port.sentences.slice(0, 5),
          remedy: "Find the process, and make a bot of it or end it.",
          command: `interlock scan ${address}`,
          place: placeOfPort(inputs, port),
        },
      ];
    });
  },
};
