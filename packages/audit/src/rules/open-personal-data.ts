import { placeOf } from "../facts/places.js";
import { declaredMethods } from "../facts/services.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A method with personal or secret data that any bot may call. */
export const openPersonalData: Rule = {
  id: "open-personal-data",
  severity: "high",
  title: "Any bot may read personal or secret data",
  description:
    "The method reads or returns personal or secret data, and any bot of the fleet may call it without a scope.",
  remedy: "Give the method a scope, and grant that to the bots that need it.",
  owasp: owasp.propertyAuthorization,
  needs: [],
  find: (inputs) =>
    declaredMethods(inputs).flatMap(({ subject, policy }) => {
      const classes = policy.dataClasses.filter((one) => one === "personal" || one === "secret");
      if (!policy.anyBot || classes.length === 0) return [];
      return [
        {
          subject,
          message: `${subject} handles ${classes.join(" and ")} data, and any bot may call it.`,
          evidence: [`Its policy has any_bot, and the data classes ${policy.dataClasses.join(", ")}.`],
          remedy: "Give it a scope, and grant that to the bots that need it.",
          place: placeOf(inputs, subject),
        },
      ];
    }),
};
