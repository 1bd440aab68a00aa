import { loosenings } from "../facts/loosenings.js";
import { onlineProcesses } from "../facts/reported.js";
import { methodsOf, servicesOf } from "../facts/services.js";
import type { Found } from "../finding.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A bot that serves a method under a looser policy than its project declares. */
export const loosenedPolicy: Rule = {
  id: "loosened-policy",
  severity: "high",
  title: "A bot serves a looser policy than the project declares",
  description:
    "The manifest that a running bot has reported allows more than the proto file: fewer scopes, any bot, more callers, a lower risk, or a higher rate. What was reviewed is not what is enforced.",
  remedy: "Build and start the bot from the reviewed proto files.",
  owasp: owasp.functionAuthorization,
  needs: ["project", "fleet"],
  find: ({ project, fleet }) => {
    if (!project || !fleet) return [];
    const declared = new Map(methodsOf(project.services).map((method) => [method.subject, method]));
    const found = new Map<string, Found>();
    for (const { bot, manifestHash, version } of onlineProcesses(fleet)) {
      for (const { subject, policy } of methodsOf(servicesOf(fleet, manifestHash))) {
        const wanted = declared.get(subject);
        const reasons = wanted ? loosenings(wanted.policy, policy) : [];
        if (!wanted || reasons.length === 0) continue;
        const key = `${bot} ${subject}`;
        found.set(key, {
          subject: `${subject} at ${bot}`,
          message: `${bot} serves ${subject} under a looser policy than the project declares.`,
          evidence: [
            ...reasons.map((reason) => `At ${bot}, ${reason}.`),
            `${bot} reported the manifest ${manifestHash.slice(0, 12)}${version === "" ? "" : `, version ${version}`}.`,
          ],
          remedy: `Build ${bot} again from the reviewed proto files, and restart it.`,
          command: "interlock generate",
          place: wanted.place,
        });
      }
    }
    return [...found.values()];
  },
};
