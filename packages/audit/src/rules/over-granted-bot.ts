import { exchangeScope } from "@interlock/bot/internal";
import { grantKey } from "@interlock/policy/grants";
import { placeOfGrant } from "../facts/places.js";
import { unusedGrants } from "../facts/unused-grants.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { sentence, timeText } from "../text.js";

/** A grant that no bot has used in the window, where every call is known. */
export const overGrantedBot: Rule = {
  id: "over-granted-bot",
  severity: "medium",
  title: "A bot holds a scope that it does not use",
  description:
    "The grant is older than the window, every server of the service has counted all calls meanwhile, and no bot of the grant has called a method that needs the scope; or the bots of the grant are gone. A stolen bot can do what it is granted, not what it does. Grants of people are not judged.",
  remedy: "Remove the grant.",
  owasp: owasp.functionAuthorization,
  needs: ["fleet"],
  find: (inputs) =>
    unusedGrants(inputs).flatMap((grant) => {
      const { identity, service, scope, reason, heldSince } = grant;
      if (scope === exchangeScope) return [];
      return [
        {
          subject: grantKey(grant),
          message: `${identity} holds ${scope} at ${service}, and does not use it.`,
          evidence: [`It has been granted since ${timeText(heldSince)}.`, sentence(reason)],
          remedy: "Remove the grant.",
          command: "interlock least-privilege",
          place: placeOfGrant(inputs, grant),
        },
      ];
    }),
};
