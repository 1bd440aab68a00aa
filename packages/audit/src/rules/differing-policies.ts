import { isInfrastructure } from "../facts/names.js";
import { placeOf } from "../facts/places.js";
import { onlineProcesses } from "../facts/reported.js";
import { methodsOf, servicesOf } from "../facts/services.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText } from "../text.js";

/** A method that several running processes serve under different policies. */
export const differingPolicies: Rule = {
  id: "differing-policies",
  severity: "medium",
  title: "Servers of one method enforce different policies",
  description:
    "Running processes have reported different access rules for one method: scopes, callers, any bot, risk or rate. Which rule holds depends on which server answers.",
  remedy: "Bring every server of the service to the same version.",
  owasp: owasp.functionAuthorization,
  needs: ["fleet"],
  find: (inputs) => {
    const { fleet } = inputs;
    if (!fleet) return [];
    const served = new Map<string, Map<string, Set<string>>>();
    for (const { bot, manifestHash } of onlineProcesses(fleet)) {
      for (const { subject, service, policy } of methodsOf(servicesOf(fleet, manifestHash))) {
        if (isInfrastructure(service)) continue;
        const { scopes, anyBot, callers, risk, rate } = policy;
        const rules = JSON.stringify([
          [...scopes].sort(),
          anyBot,
          [...callers].sort(),
          risk,
          rate?.perSecond,
          rate?.burst,
        ]);
        const versions = served.get(subject) ?? new Map<string, Set<string>>();
        versions.set(rules, (versions.get(rules) ?? new Set()).add(bot));
        served.set(subject, versions);
      }
    }
    return [...served]
      .filter(([, versions]) => versions.size > 1)
      .map(([subject, versions]) => ({
        subject,
        message: `${subject} is served under ${versions.size} different policies.`,
        evidence: [...versions].map(([rules, bots]) => {
          const [scopes, anyBot, , risk] = JSON.parse(rules) as [string[], boolean, unknown, string];
          return `${listText(bots)}: ${anyBot ? "any bot" : scopes.join(" and ")}, risk ${risk}.`;
        }),
        remedy: "Bring every server of it to the same version.",
        place: placeOf(inputs, subject),
      }));
  },
};
