import { isPastSunset, isRetired } from "../ended.js";
import { methodsOf } from "../facts/services.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A method that its project still declares, though it is past its sunset, and that has not been retired. */
export const pastSunset: Rule = {
  id: "past-sunset",
  severity: "high",
  title: "A method is past its sunset",
  description:
    "The method refuses every call since its sunset, but is still declared and served, and has not been retired. It is code that nobody needs and nobody watches, and its grants are still there.",
  remedy: "Retire the method, and remove it from its proto file and from its servers.",
  owasp: owasp.inventory,
  needs: ["project"],
  find: ({ now, project, fleet }) =>
    methodsOf(project?.services ?? []).flatMap(({ subject, policy, place }) => {
      if (!isPastSunset(policy, now) || isRetired(fleet, subject)) return [];
      return [
        {
          subject,
          message: `${subject} is past its sunset of ${policy.deprecation?.sunset}.`,
          evidence: [`${place.file}:${place.line} declares it.`],
          remedy: "Retire it, and remove it from its proto file and from its servers.",
          command: `interlock retire method ${subject}`,
          place,
        },
      ];
    }),
};
