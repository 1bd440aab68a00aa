import { isInfrastructure } from "../facts/names.js";
import { onlineProcesses } from "../facts/reported.js";
import { admitted, serviceName } from "../facts/usage.js";
import { windowStart } from "../facts/window.js";
import type { Found } from "../finding.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { isFleetsOwn } from "../scan/is-fleets-own.js";
import { listText } from "../text.js";

/** The maximum number of facts about one service. */
const maximumEvidence = 10;

/** A service that is there, and that no proto file of the project declares. */
export const undeclaredService: Rule = {
  id: "undeclared-service",
  severity: "high",
  title: "A service is in no proto file of the project",
  description:
    "A running bot serves the service, bots called it in the window, or reflection at a scanned port lists it; and no proto file of the project declares it. Services of Interlock and of gRPC itself do not count. Nobody reviews such a service, and nobody retires it.",
  remedy: "Declare the service in the project, or take it away.",
  owasp: owasp.inventory,
  needs: ["project"],
  find: (inputs) => {
    const declared = new Set(inputs.project?.services.map(({ name }) => name));
    // A project without any service is not the one that the fleet is built from.
    if (declared.size === 0) return [];
    const facts = new Map<string, Set<string>>();
    for (const [service, fact] of presence(inputs)) {
      if (service === "" || isInfrastructure(service) || declared.has(service)) continue;
      const known = facts.get(service) ?? new Set();
      if (known.size < maximumEvidence) known.add(fact);
      facts.set(service, known);
    }
    return [...facts].map(
      ([subject, evidence]): Found => ({
        subject,
        message: `${subject} is there, but no proto file of the project declares it.`,
        evidence: [...evidence],
        remedy: "Declare it in the project, or take it away.",
        command: `interlock retire service ${subject} --dry-run`,
      }),
    );
  },
};

/** Each service that is seen somewhere, with the fact that shows it. */
function* presence(inputs: AuditInputs): Generator<[service: string, fact: string]> {
  const { fleet, scan } = inputs;
  for (const { bot, services, addresses } of fleet ? onlineProcesses(fleet) : []) {
    const at = addresses.length === 0 ? "" : ` at ${listText(addresses)}`;
    for (const service of services) yield [service, `${bot} serves it${at}.`];
  }
  const start = windowStart(inputs);
  for (const { method, bot, caller, lastAt } of fleet ? admitted(fleet) : [])
    if (lastAt >= start) yield [serviceName(method), `${caller || "A bot"} called it at ${bot}.`];
  for (const port of scan?.ports ?? []) {
    if (isFleetsOwn(port, fleet)) continue;
    for (const service of port.services) yield [service, `Reflection at ${port.address} lists it.`];
  }
}
