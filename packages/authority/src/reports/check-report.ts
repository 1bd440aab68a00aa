import { InterlockError, reasons } from "@interlock/bot";
import type { ReportRequest } from "@interlock/bot/protocol";
import { isServiceName, parseSpiffeId } from "@interlock/policy";
import type { EndpointRow, UsageRow } from "../store/schema.js";

/** The maximum number of endpoints in one report. */
export const maximumEndpoints = 256;
/** The maximum number of usage rows in one report. */
export const maximumReportedUsage = 1_000;

const maximumCount = 2n ** 40n;

/** A checked report. The reporting bot is known from the connection. */
export interface CheckedReport {
  readonly endpoints: readonly Pick<EndpointRow, "service" | "address">[];
  readonly usage: readonly Omit<UsageRow, "spiffeId">[];
}

/**
 * Checks the report of a bot. Throws `INVALID_ARGUMENT` for a malformed one. Future times are set to now, so that a bot
 * with a fast clock does not stay on top of the list.
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
      if (method.length > 512 || !/^[^\p{C}\s]*$/u.test(method))
        throw invalid("A method is malformed: write package.Service/Method.");
      if (caller !== "" && !parseSpiffeId(caller)) throw invalid("A caller is malformed: write its SPIFFE ID.");
      if (denial !== "" && !isReason(denial)) throw invalid("A denial has an unknown reason.");
      if (count < 1n || count > maximumCount) throw invalid("A count is out of range.");
      return { method, caller, denial, count: Number(count), lastAt: Math.min(lastAt?.getTime() ?? now, now) };
    }),
  };
}

function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:.%]+\]|[a-zA-Z0-9._-]+):(\d{1,5})$/.exec(text)?.[1];
  return text.length <= 262 && port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

// A reason of Interlock, or the name of a gRPC status for a denial without one.
function isReason(text: string): boolean {
  return Object.hasOwn(reasons, text) || /^[A-Z][A-Z_]{1,31}$/.test(text);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
