import { createCoverage } from "../coverage.js";
import { isPastSunset } from "../ended.js";
import { dayMs } from "../facts/window.js";
import type { Finding, Found } from "../finding.js";
import type { Fleet } from "../inputs/fleet.js";
import type { GrantsFile, Project } from "../inputs/project.js";
import type { Rule, RuleFacts } from "../rule.js";
import { grantOfUnknownScope } from "../rules/grant-of-unknown-scope.js";
import { pastSunset } from "../rules/past-sunset.js";
import { scopeNobodyGranted } from "../rules/scope-nobody-granted.js";
import type { Approval } from "../suppressions/suppression.js";
import { gateRules } from "./gate-rules.js";
import { findLoosened } from "./loosened.js";
import { removedEarly, removedInUse, removedMethods } from "./removed.js";

/** How far back a call counts as one of a live caller by default, in milliseconds. */
export const defaultLiveMs = 7 * dayMs;

/** What a gate judges. */
export interface GateInputs {
  readonly now: number;
  /** What the change declares. */
  readonly head: Project;
  /** What the base revision declares; absent when there is no base. */
  readonly base?: Project | undefined;
  /** The grants file of the change. */
  readonly grantsFile?: GrantsFile | undefined;
  /** What the authority knows; absent when it was not asked, or is away. */
  readonly fleet?: Fleet | undefined;
  /** The approvals that the change brings. */
  readonly approvals?: readonly Approval[] | undefined;
  /** How far back a call counts as one of a live caller, in milliseconds. Default: 7 days. */
  readonly liveMs?: number | undefined;
}

/** What a gate has found. */
export interface GateReport {
  readonly findings: readonly Finding[];
  /** What could not be judged, each a clause that begins with "whether". */
  readonly unjudged: readonly string[];
}

/** Judges a change to proto files and grants before it is merged. */
export function runGate(inputs: GateInputs): GateReport {
  const { now, head, base, grantsFile, fleet, approvals = [], liveMs = defaultLiveMs } = inputs;
  const project = head;
  const unjudged: string[] = [];
  const removed = base ? removedMethods(base, head) : [];
  const overdue = removed.filter(({ policy }) => isPastSunset(policy, now));
  const inUse = overdue.flatMap((method) => (fleet ? removedInUse(method, fleet, now - liveMs) : []));
  const gapOf = fleet ? gapsIn(fleet, now - liveMs, now) : () => "";
  for (const { subject, service } of overdue) {
    const gap = inUse.some((one) => one.subject === subject) ? undefined : gapOf(service);
    if (gap === undefined) continue;
    unjudged.push(`whether ${subject}, which was removed, still has callers${gap && `: ${gap.replace(/\.$/, "")}`}`);
  }
  if (!fleet && !grantsFile) unjudged.push("whether every scope is granted to a bot, without a grants file");
  const ofRule = (rule: Rule) =>
    found(rule, rule.find({ now, project, grantsFile, fleet: grantsFile ? undefined : fleet }));
  const findings = [
    ...found(gateRules.removedEarly, removed.filter(({ policy }) => !isPastSunset(policy, now)).map(removedEarly)),
    ...found(gateRules.removedInUse, inUse),
    ...(base ? found(gateRules.unapprovedLoosening, findLoosened(base, head, approvals)) : []),
    ...ofRule(pastSunset),
    ...ofRule(scopeNobodyGranted),
    ...ofRule(grantOfUnknownScope),
  ];
  return { findings, unjudged };
}

/** Why calls of a service may not be known, in a sentence; `undefined` when all are. */
function gapsIn(fleet: Fleet, since: number, now: number): (service: string) => string | undefined {
  const coverage = createCoverage(fleet, { from: since, to: now });
  return (service) => coverage(service).gaps[0];
}

function found({ id, severity }: RuleFacts, all: readonly Found[]): Finding[] {
  return all.map((one) => ({ ...one, rule: id, severity: one.severity ?? severity }));
}
