import { placeOf } from "../facts/places.js";
import { declaredMethods } from "../facts/services.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A method of high risk that any bot may call as often as it likes. */
export const unlimitedMethod: Rule = {
  id: "unlimited-method",
  severity: "medium",
  title: "Any bot may call a method of high risk without a limit",
  description: "The method is of high or critical risk, any bot of the fleet may call it, and it has no rate.",
  remedy: "Give the method scopes, or a rate.",
  owasp: owasp.resources,
  needs: [],
  find: (inputs) =>
    declaredMethods(inputs).flatMap(({ subject, policy }) => {
      const isHigh = policy.risk === "high" || policy.risk === "critical";
      if (!isHigh || !policy.anyBot || policy.rate) return [];
      return [
        {
          subject,
          message: `${subject} is of ${policy.risk} risk, and any bot may call it without a limit.`,
          evidence: ["Its policy has any_bot and no rate."],
          remedy: "Give it scopes, or a rate.",
          place: placeOf(inputs, subject),
        },
      ];
    }),
};
