import type { Found } from "../finding.js";
import type { AuditInputs } from "../inputs/inputs.js";
import type { ScannedPort } from "../inputs/scan.js";
import type { Rule } from "../rule.js";
import { placeOfPort } from "./port-place.js";
import { reporterOf, rpcPorts } from "./ports.js";

/** What one port gives away. */
export interface PortFault {
  readonly message: string;
  /** Default: that of the rule. */
  readonly remedy?: string;
  /** Default: those of the scan. */
  readonly evidence?: readonly string[];
}

/** Builds a rule over ports of a scan. Default: those that speak gRPC or HTTP/2; never the authority's own. */
export function portRule(
  facts: Omit<Rule, "find" | "needs">,
  judge: (port: ScannedPort, inputs: AuditInputs) => PortFault | undefined,
  portsOf = rpcPorts,
): Rule {
  return {
    ...facts,
    needs: ["scan"],
    find: (inputs) =>
      portsOf(inputs).flatMap((port): Found[] => {
        const fault = judge(port, inputs);
        if (!fault) return [];
        const bot = inputs.fleet && reporterOf(inputs.fleet, port);
        const { process, address, sentences } = port;
        return [
          {
            subject: address,
            remedy: facts.remedy,
            command: `interlock scan ${address}`,
            ...fault,
            evidence: [
              ...(process ? [`The process ${process.name} (${process.pid}) listens there.`] : []),
              ...(bot === undefined ? [] : [`${bot} has reported this address.`]),
              ...(fault.evidence ?? sentences.slice(0, 5)),
            ],
            place: placeOfPort(inputs, port),
          },
        ];
      }),
  };
}
