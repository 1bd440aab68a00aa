import { delegateScope, exchangeScope } from "@interlock/bot/internal";
import { grantsInForce } from "../facts/grants-in-force.js";
import { placeOfGrant } from "../facts/places.js";
import { knownServices, methodsOf } from "../facts/services.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A scope of high risk that every bot of the fleet holds. */
export const wildcardGrant: Rule = {
  id: "wildcard-grant",
  severity: "high",
  title: "Every bot holds a scope of high risk",
  description:
    "A grant whose identity pattern has nothing but wildcards, such as `**`, gives a scope that a method of high or critical risk needs, `token:exchange` or `token:delegate`. One stolen bot is enough.",
  remedy: "Name the bots that need the scope.",
  owasp: owasp.functionAuthorization,
  needs: [],
  find: (inputs) => {
    const methods = methodsOf(knownServices(inputs)).filter(
      ({ policy: { risk } }) => risk === "high" || risk === "critical",
    );
    return grantsInForce(inputs).flatMap((grant) => {
      const { identity, service, scope } = grant;
      if (!identity.split("/").every((segment) => segment === "*" || segment === "**")) return [];
      const method = methods.find(
        (one) => one.service === service && (one.policy.scopes as readonly string[]).includes(scope),
      );
      if (!method && scope !== exchangeScope && scope !== delegateScope) return [];
      return [
        {
          subject: `${identity} ${service} ${scope}`,
          message: `Every bot that matches ${identity} holds ${scope} at ${service}.`,
          evidence: [
            method
              ? `${method.subject} needs it, and is of ${method.policy.risk} risk.`
              : scope === delegateScope
                ? "With it, a bot gives its scopes to others."
                : "With it, a bot acts for others.",
          ],
          remedy: "Name the bots that need it.",
          command: "interlock least-privilege",
          place: placeOfGrant(inputs, grant),
        },
      ];
    });
  },
};
