import { exchangeScope } from "@interlock/bot/internal";
import type { AuditInputs } from "../inputs/inputs.js";
import type { JudgedGrant } from "../least-privilege/judge-grant.js";
import { proposeGrants } from "../least-privilege/propose-grants.js";
import { isInfrastructure, isPerson } from "./names.js";
import { knownServices, methodsOf } from "./services.js";

/** Two rules ask for the same: the whole judgment is made once for the inputs of an audit. */
const known = new WeakMap<AuditInputs, readonly JudgedGrant[]>();

/**
 * Finds the grants in force that no bot has used in the window, or whose bots are gone, as `interlock least-privilege` judges
 * them. Grants of people, of Interlock's own services, and of scopes that no method needs are not found.
 */
export function unusedGrants(inputs: AuditInputs): readonly JudgedGrant[] {
  const found = known.get(inputs) ?? findUnused(inputs);
  known.set(inputs, found);
  return found;
}

function findUnused(inputs: AuditInputs): JudgedGrant[] {
  const needed = new Set(
    methodsOf(knownServices(inputs)).flatMap(({ service, policy }) =>
      policy.scopes.map((scope) => `${service} ${scope}`),
    ),
  );
  return proposeGrants(inputs, { keepWildcards: true }).judged.filter(
    ({ identity, service, scope, verdict }) =>
      (verdict === "unused" || verdict === "vanished") &&
      (scope === exchangeScope || needed.has(`${service} ${scope}`)) &&
      !isPerson(identity) &&
      !isInfrastructure(service),
  );
}
