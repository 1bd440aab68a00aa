const everything = ["*"];

/** The packages that each package may import. "Packages, and who may import whom", ARCHITECTURE.md. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@interlock/policy": [],
  "@interlock/testing-postgres": [],
  "@interlock/testing-processes": [],
  "@interlock/testing-siege": everything,
  "protoc-gen-interlock": ["@interlock/policy"],
  "@interlock/bot": ["@interlock/policy", "@interlock/wire"],
  "@interlock/wire": [],
  "@interlock/database": ["@interlock/bot"],
  "@interlock/authority": ["@interlock/bot", "@interlock/policy", "@interlock/database"],
  "@interlock/swarm": ["@interlock/bot", "@interlock/policy", "@interlock/database"],
  "@interlock/gateway": ["@interlock/bot", "@interlock/policy", "@interlock/wire"],
  "@interlock/audit": ["@interlock/bot", "@interlock/policy"],
  "@interlock/cli": everything,
  "@interlock/test": everything,
  "@interlock/bench": everything,
};

/** Whether `importer` may import the package `name`. Throws when `importer` is not in the table. */
export function allows(importer: string, name: string): boolean {
  const row = importer.startsWith("@interlock/example-") ? everything : mayImport[importer];
  if (!row) throw new Error(`${importer} is not in the table`);
  return row === everything || row.includes(name);
}

/**
 * The parts of a package, from left to right: a file imports only files of its own place and of places before it. A part is
 * a folder or a file of `src`, without its extension.
 */
export type Order = readonly (readonly string[])[];

/** The order within each package. "Inside `@interlock/…`", ARCHITECTURE.md. */
export const orders: Readonly<Record<string, Order>> = {
  "@interlock/bot": [
    ["base"],
    ["identity"],
    ["trust", "token"],
    ["admission", "context"],
    ["listener"],
    ["server", "client"],
    ["telemetry"],
    ["membership", "bot"],
    ["providers"],
    ["fleet"],
    ["index", "internal", "protocol"],
  ],
  "@interlock/database": [
    ["address", "turns", "database", "is-data-fault"],
    ["sqlite", "postgres", "thread"],
    ["index"],
  ],
  "@interlock/authority": [
    ["names", "coalesce", "refuse-limited"],
    ["store"],
    ["audit-log", "key-vault"],
    ["ca"],
    ["grants", "own-identity"],
    ["trust-hub"],
    ["revocations", "telemetry"],
    ["join-tokens"],
    ["enrollment"],
    ["tokens", "reports"],
    ["services", "http"],
    ["options", "prune"],
    ["backup", "housekeeping"],
    ["parts"],
    ["servers"],
    ["authority"],
    ["index"],
  ],
  // Worker and operator stand before store and leader, so that they import neither.
  "@interlock/swarm": [
    ["wait", "rotation", "fence", "is-final", "lease", "outbox", "steady-backoff", "swarm-error", "task-state", "text"],
    ["batching"],
    ["operator"],
    ["worker/send-event", "worker/task-handler", "worker/task-bounds", "worker/task-refusal", "worker/taken-leases"],
    ["worker/job-reports", "worker/uplink"],
    ["worker/job"],
    ["worker/workbench"],
    ["worker/dispatch-link", "worker/safety-link"],
    ["worker/run-worker"],
    ["store"],
    [
      "leader/check",
      "leader/counter",
      "leader/entry",
      "leader/lane",
      "leader/limits",
      "leader/reads",
      "leader/listening",
      "leader/retry-delay",
      "leader/tenure",
    ],
    ["leader/read-report", "leader/request-rules", "leader/quotas", "leader/task-bytes", "leader/worker-page"],
    ["leader/entry-queue", "leader/stored-task", "leader/timing", "leader/worker-session"],
    ["leader/journal", "leader/roster", "leader/waiting-list"],
    ["leader/stop-answers"],
    ["leader/task-table"],
    ["leader/heartbeat-answer"],
    ["leader/allocator"],
    ["leader/operations", "leader/reports", "leader/safety"],
    ["leader/sessions"],
    ["leader/writer"],
    ["leader/dispatcher"],
    ["leader/leader"],
    ["leader/dispatch-service", "leader/operator-service", "leader/safety-service"],
    ["leader/leader-routes"],
    ["index"],
  ],
};
