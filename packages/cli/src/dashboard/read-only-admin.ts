import { AdminService } from "@interlock/bot/protocol";
import type { ServiceDefinition } from "@interlock/policy";

type Methods = typeof AdminService.methods;

/** The methods that the dashboard calls. Each has one scope, and that one ends in `:read`. */
type ReadOnly = Pick<
  Methods,
  "getStatus" | "listBots" | "listInstances" | "listRevocations" | "getGrants" | "listUsage" | "listUsageDays"
>;

/**
 * The part of AdminService that reads. A client of it asks for tokens with these scopes only, so the dashboard never holds
 * one that could change anything, whatever its identity may do.
 */
export const ReadOnlyAdmin = readOnly();

function readOnly() {
  const { getStatus, listBots, listInstances, listRevocations, getGrants, listUsage, listUsageDays } =
    AdminService.methods;
  const methods: ReadOnly = {
    getStatus,
    listBots,
    listInstances,
    listRevocations,
    getGrants,
    listUsage,
    listUsageDays,
  };
  for (const { path, policy } of Object.values(methods)) {
    const reads = policy.scopes.length > 0 && policy.scopes.every((scope) => scope.endsWith(":read"));
    if (!reads) throw new Error(`${path} does not only read.`);
  }
  return { ...AdminService, methods } satisfies ServiceDefinition;
}
