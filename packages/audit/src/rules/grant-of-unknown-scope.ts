import { lintedGrants } from "../facts/linted-grants.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";

/** A grant of a service or a scope that does not exist. */
export const grantOfUnknownScope: Rule = {
  id: "grant-of-unknown-scope",
  severity: "medium",
  title: "A grant is of a scope that does not exist",
  description:
    "No method of the service needs the scope, or no known proto file or bot has the service. The grant has no effect today, and opens whatever gets that name tomorrow.",
  remedy: "Correct the name, or remove the grant.",
  owasp: owasp.functionAuthorization,
  needs: [],
  find: (inputs) => lintedGrants(inputs, ["unknown-service", "unknown-scope", "scope-of-another-service"]),
};
