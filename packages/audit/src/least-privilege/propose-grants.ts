import { bareGrant, type Grants, type GrantsEdit } from "@interlock/policy/grants";
import { createCoverage } from "../coverage.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { type Period, periodOf, type Window } from "../period.js";
import { collectBots } from "./bot-facts.js";
import { createNeeds } from "./call-needs.js";
import { createAges } from "./grant-ages.js";
import { collectUse, createMayBeOpen } from "./grant-use.js";
import { type Evidence, type JudgedGrant, judgeGrant } from "./judge-grant.js";
import { isChange, keepLastOperators, keepLookUps, remainingGrants } from "./keep-scopes.js";
import { collectPolicies } from "./method-policies.js";
import { recordedCalls } from "./recorded-calls.js";

/** How grants are judged. */
export interface ProposalOptions {
  /** Default: that of the inputs, or 30 days. */
  readonly window?: Window | undefined;
  /** Judges grants of `operator/**`, too. Default: false. */
  readonly includeOperators?: boolean | undefined;
  /** Replaces no pattern by names. Default: false. */
  readonly keepWildcards?: boolean | undefined;
}

/** Tighter grants. */
export interface Proposal {
  readonly period: Period;
  /** The grants in force, each with its judgment, in file order. */
  readonly judged: readonly JudgedGrant[];
  /** What is changed in the grants file. */
  readonly edit: Required<GrantsEdit>;
  /** The grants after the change. */
  readonly grants: Grants;
}

/**
 * Proposes tighter grants: those in force, without what no bot has used within the window, and with the names of bots for patterns
 * that only these have used. A grant is called unused only where every call of the service is on record.
 *
 * @param inputs - What is known. Without a fleet the proposal is empty.
 * @param options - How it is judged.
 */
export function proposeGrants(inputs: AuditInputs, options: ProposalOptions = {}): Proposal {
  const { now, fleet, joinTokens = [] } = inputs;
  const period = periodOf(now, options.window ?? inputs.windowMs);
  if (!fleet) return { period, judged: [], edit: { remove: [], narrow: [] }, grants: [] };
  const { grants, grantVersions } = fleet;
  const policies = collectPolicies(inputs);
  const record = recordedCalls(fleet, period);
  const needsOf = createNeeds(policies, fleet, [...record.admitted, ...record.attempted, ...record.earlier]);
  const bots = collectBots(fleet);
  const use = collectUse(record, needsOf, policies, createMayBeOpen(fleet, period));
  const { includeOperators = false, keepWildcards = false } = options;
  const coverage = createCoverage(fleet, period);
  const heldSince = createAges(grantVersions, grants, now);
  const evidence: Evidence = {
    period,
    grants,
    bots,
    policies,
    use,
    coverage,
    heldSince,
    invited: joinTokens.filter(({ expiresAt, uses, used }) => expiresAt > now && used < uses).map(({ name }) => name),
    includeOperators,
    keepWildcards,
  };
  const first = grants.map((grant) => judgeGrant(grant, evidence));
  const judged = keepLastOperators(keepLookUps(first, use), bots, period);
  const changed = judged.filter(isChange);
  return {
    period,
    judged,
    edit: {
      remove: changed.filter(({ verdict }) => verdict !== "wildcard").map(bareGrant),
      narrow: changed
        .filter(({ verdict }) => verdict === "wildcard")
        .map((grant) => ({ ...bareGrant(grant), names: grant.names ?? [] })),
    },
    grants: remainingGrants(judged).map(bareGrant),
  };
}
