import { onlineProcesses } from "../facts/reported.js";
import type { Found } from "../finding.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { createMayServe } from "../served-services.js";
import { listText } from "../text.js";

/** A bot that says it serves a service which it may not serve. */
export const unexpectedServer: Rule = {
  id: "unexpected-server",
  severity: "high",
  title: "A bot serves a service that it may not serve",
  description:
    "A running bot reports a service of the project, and its name matches no pattern in `served_by` or `via`. Callers do not connect to it; it may mean to be taken for another bot, or its reports may be meant to mislead. Its manifest is not believed.",
  remedy: "Stop the bot from serving it, or add its name to `served_by`, or to `via` if it is a gateway.",
  owasp: owasp.inventory,
  needs: ["project", "fleet"],
  find: (inputs) => {
    const { project, fleet } = inputs;
    const mayServe = createMayServe(inputs);
    const declared = new Map(project?.services.map((service) => [service.name, service]));
    const found = new Map<string, Found>();
    for (const { bot, services, addresses } of fleet ? onlineProcesses(fleet) : []) {
      for (const name of services) {
        const service = declared.get(name);
        if (!service || mayServe(bot, name)) continue;
        const at = addresses.length === 0 ? "" : ` at ${listText(addresses)}`;
        found.set(`${bot} ${name}`, {
          subject: `${bot} ${name}`,
          message: `${bot} serves ${name}, which only ${listText([...service.servedBy, ...(service.via ?? [])])} may serve.`,
          evidence: [`It has reported that${at}.`],
          remedy: "Stop the bot from serving it, or add its name to served_by, or to via if it is a gateway.",
          command: "interlock bots",
          place: service.place,
        });
      }
    }
    return [...found.values()];
  },
};
