import { lintedGrants } from "../facts/linted-grants.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A grant to bots that the callers of every method with the scope exclude. */
export const uselessGrant: Rule = {
  id: "useless-grant",
  severity: "low",
  title: "A grant has no effect",
  description: "The methods that need the scope are for other callers only, so the bots of the grant cannot use it.",
  remedy: "Remove the grant, or change the callers of the method.",
  owasp: owasp.functionAuthorization,
  needs: [],
  find: (inputs) => lintedGrants(inputs, ["useless-grant"]),
};
