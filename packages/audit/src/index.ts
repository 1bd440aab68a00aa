export {
  type Baseline,
  maximumBaselineEntries,
  maximumBaselineLength,
  parseBaseline,
  writeBaseline,
} from "./baseline.js";
export { comparePolicies, type PolicyChange } from "./compare-policies.js";
export { type Coverage, createCoverage } from "./coverage.js";
export { type Finding, type Found, type Severity, severities } from "./finding.js";
export { fingerprint } from "./fingerprint.js";
export { githubAnnotations } from "./gate/annotations.js";
export { findApprovals, newApprovals } from "./gate/approvals.js";
export { breakingConfig } from "./gate/breaking-config.js";
export { gateRules } from "./gate/gate-rules.js";
export { type GateInputs, type GateReport, runGate } from "./gate/run-gate.js";
export { type CleanUp, cleanUp } from "./history/clean-up.js";
export { checkKeptRun, type KeptFinding, type KeptRun, parseKeptRun, toKeptRun } from "./history/kept-run.js";
export { periodStart } from "./history/period.js";
export { defaultWindowMs } from "./inputs/default-window.js";
export type {
  Fleet,
  FleetBot,
  FleetProcess,
  GrantVersion,
  ServerRecord,
  UsageDay,
  UsageKey,
  UsageSum,
} from "./inputs/fleet.js";
export type { AuditInputs } from "./inputs/inputs.js";
export type { OpenJoinToken } from "./inputs/join-token.js";
export { parseScan } from "./inputs/parse-scan.js";
export type { DeclaredMethod, DeclaredService, GrantsFile, Project, SourcePlace } from "./inputs/project.js";
export type { Answer, MethodAnswers, Scan, ScannedAsMember, ScannedPort, ScannedTls } from "./inputs/scan.js";
export { callerText } from "./inventory/caller-text.js";
export { createInventory, type InventoryOptions } from "./inventory/create-inventory.js";
export { diffInventory } from "./inventory/diff-inventory.js";
export {
  type Caller,
  type Endpoint,
  type EndpointServer,
  type EndpointState,
  endpointStates,
  type Inventory,
  type InventoryBot,
  type InventoryProcess,
  type InventorySources,
} from "./inventory/inventory.js";
export { type ChangeKind, changeKinds, type InventoryChange } from "./inventory/inventory-change.js";
export { countStates, type Selection, selectEndpoints } from "./inventory/select-endpoints.js";
export { maximumSnapshotBytes, parseSnapshot, writeSnapshot } from "./inventory/snapshot.js";
export { summarize } from "./inventory/summarize.js";
export type { GrantNeed } from "./least-privilege/call-needs.js";
export { type JudgedGrant, maximumNames, type Verdict } from "./least-privilege/judge-grant.js";
export { type Proposal, type ProposalOptions, proposeGrants } from "./least-privilege/propose-grants.js";
export { type Replay, type ReplayedCalls, replayCalls } from "./least-privilege/replay-calls.js";
export type { Period, Window } from "./period.js";
export { createReach, type Reach, type ReachIndex, reach } from "./reach.js";
export { auditPage } from "./reports/audit-page.js";
export { cleanUpPage } from "./reports/clean-up-page.js";
export { escapeHtml } from "./reports/escape-html.js";
export { type HtmlPage, htmlPage } from "./reports/html-page.js";
export { inventoryPage } from "./reports/inventory-page.js";
export { rulesDocument } from "./reports/rules-document.js";
export { type SarifOptions, toSarif } from "./reports/sarif.js";
export { type Due, findDue } from "./retire/due.js";
export { isFundamental, type KnownMethod, knownMethods } from "./retire/known-methods.js";
export type { LiveCaller } from "./retire/live-callers.js";
export { expandOutside, type Outside, type OutsideStep, type OutsideStepId, outsideSteps } from "./retire/outside.js";
export { type PlanOptions, planRetirement } from "./retire/plan-retirement.js";
export { isConfigured } from "./retire/plan-steps.js";
export { type FleetMark, maximumRecordBytes, type RetirementRecord, type StepResult } from "./retire/record.js";
export { provesGone, type Rescan, type RescanResult, type RescanTarget } from "./retire/rescan.js";
export type { PlannedStep, RetirementPlan, StepId } from "./retire/retirement-plan.js";
export { digestOf, type SignedRecord, signRecord } from "./retire/sign-record.js";
export { type RetireSubject, serviceOf, subjectText } from "./retire/subject.js";
export { RecordFault, type VerifiedRecord, verifyRecord } from "./retire/verify-record.js";
export type { RiskReason } from "./risk/risk-reason.js";
export { type EndpointRisk, scoreRisk } from "./risk/score-risk.js";
export type { Need, Rule, RuleFacts } from "./rule.js";
export { ruleFacts, rules } from "./rules/index.js";
export {
  type AuditReport,
  type Decisions,
  failsAt,
  maximumFindings,
  type ReportedFinding,
  runAudit,
} from "./run-audit.js";
export { checkReach, isPrivate, type ReachOptions } from "./scan/check-reach.js";
export { compareScan, type ScanDifference } from "./scan/compare-scan.js";
export { type DiscoverOptions, discover, type Progress } from "./scan/discover.js";
export { findListener } from "./scan/find-listener.js";
export { type Call, type CallOutcome, createHttp2Caller, type Http2Caller } from "./scan/http2-caller.js";
export { isFleetsOwn } from "./scan/is-fleets-own.js";
export { markOwnDenials, type OwnDenials } from "./scan/own-denials.js";
export { parseTarget } from "./scan/parse-target.js";
export type { ScanIdentity } from "./scan/probe-port.js";
export { type Listener, type ReadListenersOptions, readListeners } from "./scan/read-listeners.js";
export { type ScanOptions, scanPorts } from "./scan/scan-ports.js";
export type { OpenPort, PortRange, ScanHost, Target } from "./scan/target.js";
export type { SuppressedFinding } from "./suppressions/apply-suppressions.js";
export { AuditFileError } from "./suppressions/audit-file-error.js";
export { maximumAuditFileLength, parseAuditFile } from "./suppressions/parse-audit-file.js";
export type { Approval, AuditFile, Suppression } from "./suppressions/suppression.js";
export { dayText, plural, spanText, timeText } from "./text.js";
