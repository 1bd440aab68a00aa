import { InterlockError, reasons } from "@interlock/bot";
import type { ReportRequest } from "@interlock/bot/protocol";
import { isServiceName, parseSpiffeId } from "@interlock/policy";
import type { EndpointRow, UsageRow } from "../store/schema.js";

/** The most endpoints and rows of usage that one report may hold. */
export const maximumEndpoints = 256;
export const maximumReportedUsage = 1_000;

const maximumCount = 2n ** 40n;

/** A report, checked; whose it is, its connection says. */
export interface CheckedReport {
  readonly endpoints: readonly Pick<EndpointRow, "service" | "address">[];
  readonly usage: readonly Omit<UsageRow, "spiffeId">[];
}

/**
 * Checks what a bot reports of itself. Throws `INVALID_ARGUMENT` for what no bot of ours would say. Times in the future
 * count as now, so that a clock that runs ahead does not stay on top of the list.
 */
export function checkReport({ endpoints, usage }: ReportRequest, now: number): CheckedReport {
  if (endpoints.length > maximumEndpoints) throw invalid(`Report at most ${maximumEndpoints} endpoints.`);
  if (usage.length > maximumReportedUsage)
    throw invalid(`Report at most ${maximumReportedUsage} rows of usage at once.`);
  return {
    endpoints: endpoints.map(({ service, address }) => {
      if (!isServiceName(service)) throw invalid("An endpoint's service is malformed: give its full name.");
      if (!isAddress(address)) throw invalid("An endpoint's address is malformed: write host:port.");
      return { service, address };
    }),
    usage: usage.map(({ method, caller, denial, count, lastAt }) => {
      if (method.length > 512 || !/^[^\p{C}\s]*$/u.test(method)) throw invalid("A method is malformed.");
      if (caller !== "" && !parseSpiffeId(caller)) throw invalid("A caller is no SPIFFE ID.");
      if (denial !== "" && !isReason(denial)) throw invalid("A denial has no known reason.");
      if (count < 1n || count > maximumCount) throw invalid("A count is out of range.");
      return { method, caller, denial, count: Number(count), lastAt: Math.min(lastAt?.getTime() ?? now, now) };
    }),
  };
}

function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:.%]+\]|[a-zA-Z0-9._-]+):(\d{1,5})$/.exec(text)?.[1];
  return text.length <= 262 && port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

// One of ours, or the name of a gRPC status where a denial has no reason of its own.
function isReason(text: string): boolean {
  return Object.hasOwn(reasons, text) || /^[A-Z][A-Z_]{1,31}$/.test(text);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
