import { exchangeScope } from "@interlock/bot/internal";
import { grantKey } from "@interlock/policy/grants";
import { placeOfGrant } from "../facts/places.js";
import { unusedGrants } from "../facts/unused-grants.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { sentence, timeText } from "../text.js";

/** A bot that may act for its callers, and never does. */
export const tokenExchangeUnused: Rule = {
  id: "token-exchange-unused",
  severity: "medium",
  title: "A bot may act for its callers and never does",
  description:
    "The grant of `token:exchange` is older than the window, every server of the service has counted all calls meanwhile, and no bot of the grant has acted for another. Such a bot, once stolen, speaks for each of its callers.",
  remedy: "Remove token:exchange from the grant.",
  owasp: owasp.functionAuthorization,
  needs: ["fleet"],
  find: (inputs) =>
    unusedGrants(inputs).flatMap((grant) => {
      const { identity, service, scope, reason, heldSince } = grant;
      if (scope !== exchangeScope) return [];
      return [
        {
          subject: grantKey(grant),
          message: `${identity} may act for its callers at ${service}, and does not.`,
          evidence: [`It has been granted since ${timeText(heldSince)}.`, sentence(reason)],
          remedy: "Remove token:exchange from the grant.",
          command: "interlock least-privilege",
          place: placeOfGrant(inputs, grant),
        },
      ];
    }),
};
