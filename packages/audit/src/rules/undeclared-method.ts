import { isRetired } from "../ended.js";
import { onlineProcesses } from "../facts/reported.js";
import { methodsOf, servicesOf } from "../facts/services.js";
import { admitted, methodName, serviceName } from "../facts/usage.js";
import { windowStart } from "../facts/window.js";
import type { Found } from "../finding.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText, timeText } from "../text.js";

/** The maximum number of facts about one method. */
const maximumEvidence = 10;

/** A method of a declared service that is served, and that the project does not declare. */
export const undeclaredMethod: Rule = {
  id: "undeclared-method",
  severity: "high",
  title: "A method is served that the project does not declare",
  description:
    "A running bot serves, or has admitted a call of, a method that the proto file of its service does not have: it was removed there and not from the bot, or was never there. Nobody reviews such a method.",
  remedy: "Declare the method in the project, or start the bot again from the reviewed proto files.",
  owasp: owasp.inventory,
  needs: ["project", "fleet"],
  find: (inputs) => {
    const services = new Map(inputs.project?.services.map((service) => [service.name, service]));
    const declared = new Set(methodsOf(inputs.project?.services ?? []).map(({ subject }) => subject));
    const facts = new Map<string, Set<string>>();
    for (const [method, fact] of presence(inputs)) {
      // What has been retired is refused by every server.
      if (isRetired(inputs.fleet, method)) continue;
      if (declared.has(method) || !services.has(serviceName(method)) || !/^[^/]+\/\w+$/.test(method)) continue;
      const known = facts.get(method) ?? new Set();
      if (known.size < maximumEvidence) known.add(fact);
      facts.set(method, known);
    }
    return [...facts].map(
      ([subject, evidence]): Found => ({
        subject,
        message: `${subject} is served, but the proto file of its service does not declare it.`,
        evidence: [...evidence],
        remedy: "Declare it in the project, or start the bot again from the reviewed proto files.",
        command: `interlock retire method ${subject} --dry-run`,
        place: services.get(serviceName(subject))?.place,
      }),
    );
  },
};

/** Each method that a running process serves, with the fact that shows it. */
function* presence(inputs: AuditInputs): Generator<[method: string, fact: string]> {
  const { fleet } = inputs;
  if (!fleet) return;
  const since = new Map<string, number>();
  for (const { bot, manifestHash, addresses, startedAt } of onlineProcesses(fleet)) {
    since.set(bot, Math.min(startedAt, since.get(bot) ?? Number.POSITIVE_INFINITY));
    const at = addresses.length === 0 ? "" : ` at ${listText(addresses)}`;
    for (const { subject } of methodsOf(servicesOf(fleet, manifestHash))) yield [subject, `${bot} serves it${at}.`];
  }
  // A call that an earlier process has admitted says nothing about what is served now.
  const start = windowStart(inputs);
  for (const { method, bot, caller, lastAt } of admitted(fleet)) {
    if (lastAt < Math.max(start, since.get(bot) ?? Number.POSITIVE_INFINITY)) continue;
    yield [methodName(method), `${caller || "A bot"} called it at ${bot} at ${timeText(lastAt)}.`];
  }
}
