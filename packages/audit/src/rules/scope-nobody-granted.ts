import { isPastSunset } from "../ended.js";
import { grantsInForce, knowsGrants } from "../facts/grants-in-force.js";
import { placeOf } from "../facts/places.js";
import { declaredMethods } from "../facts/services.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText } from "../text.js";

/** A scope that methods need and no grant gives, so that nobody can call them. */
export const scopeNobodyGranted: Rule = {
  id: "scope-nobody-granted",
  severity: "medium",
  title: "No bot is granted a scope",
  description:
    "A declared method needs the scope, and neither the grants file nor the authority grants it to any bot. Nobody can call the method: it is forgotten, or its scope is misspelled.",
  remedy: "Grant the scope to the bots that call the method, or retire the method.",
  owasp: owasp.inventory,
  needs: ["project"],
  find: (inputs) => {
    if (!inputs.project || inputs.project.services.length === 0 || !knowsGrants(inputs)) return [];
    const granted = new Set(grantsInForce(inputs).map(({ service, scope }) => `${service} ${scope}`));
    const needing = new Map<string, string[]>();
    for (const { service, subject, policy } of declaredMethods(inputs)) {
      // It refuses every call: another rule finds it.
      if (isPastSunset(policy, inputs.now)) continue;
      for (const scope of policy.scopes) {
        const key = `${service} ${scope}`;
        if (!granted.has(key)) needing.set(key, [...(needing.get(key) ?? []), subject]);
      }
    }
    return [...needing].map(([subject, methods]) => {
      const [service = "", scope = ""] = subject.split(" ");
      return {
        subject,
        message: `No bot is granted ${scope} at ${service}.`,
        evidence: [`${listText(methods)} ${methods.length === 1 ? "needs" : "need"} it.`],
        remedy: `Grant it to the bots that call ${methods.length === 1 ? "the method" : "the methods"}, or retire what needs it.`,
        command: "interlock grants plan grants.yaml",
        place: placeOf(inputs, methods[0] ?? service),
      };
    });
  },
};
