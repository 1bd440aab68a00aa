import type { MetricDefinition } from "@interlock/bot/metrics";

/** The metrics that only an authority has. */
export const authorityMetrics = {
  tokens: {
    name: "interlock.authority.tokens.issued",
    type: "counter",
    unit: "{token}",
    description: "Issued tokens.",
    attributes: [],
  },
  enrollments: {
    name: "interlock.authority.enrollments",
    type: "counter",
    unit: "{certificate}",
    description: "Certificates issued to bots, by cause: join or renewal.",
    attributes: ["interlock.enrollment"],
  },
  revocations: {
    name: "interlock.authority.revocations",
    type: "updown",
    unit: "{revocation}",
    description: "Revocations in force: bots, patterns, certificates and tokens.",
    attributes: [],
  },
  connected: {
    name: "interlock.authority.bots.connected",
    type: "updown",
    unit: "{bot}",
    description: "Bots that watch the trust at this authority.",
    attributes: [],
  },
  auditRecords: {
    name: "interlock.authority.audit_log.records",
    type: "gauge",
    unit: "{record}",
    description: "Records in the audit log, as of the last look at it.",
    attributes: [],
  },
  findings: {
    name: "interlock.findings",
    type: "gauge",
    unit: "{finding}",
    description: "Findings of the latest daily audit of the fleet, by severity.",
    attributes: ["interlock.severity"],
  },
  auditAge: {
    name: "interlock.audit.age",
    type: "gauge",
    unit: "s",
    description: "The time since the latest daily audit of the fleet.",
    attributes: [],
  },
  transactions: {
    name: "interlock.authority.store.duration",
    type: "histogram",
    unit: "s",
    description: "Duration of transactions in the store, with the wait for their turn.",
    attributes: ["interlock.outcome"],
  },
  ca: {
    name: "interlock.authority.ca.remaining",
    type: "gauge",
    unit: "s",
    description: "The remaining validity of the active root, and of the intermediate that signs below it.",
    attributes: ["interlock.ca"],
  },
} as const satisfies Record<string, MetricDefinition>;
