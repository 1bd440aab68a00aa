import { InterlockError, reasons } from "@interlock/bot";
import type { ReportRequest } from "@interlock/bot/protocol";
import { isServiceName, parseSpiffeId, type SpiffeId } from "@interlock/policy";
import { isIssuable } from "../names.js";
import type { EndpointRow, UsageRow } from "../store/schema.js";
import { mayServe } from "./may-serve.js";

/** The maximum number of endpoints in one report. */
export const maximumEndpoints = 256;
/** The maximum number of usage rows in one report. */
export const maximumReportedUsage = 1_000;

/** The maximum length of a method's name in a report, in characters. */
export const maximumMethodLength = 256;

const maximumCount = 2n ** 40n;

/** A checked report. The reporting bot is known from the connection. */
export interface CheckedReport {
  readonly endpoints: readonly Pick<EndpointRow, "service" | "address">[];
  readonly usage: readonly Omit<UsageRow, "spiffeId">[];
  /** The process of the bot; empty when the bot does not tell its processes apart. */
  readonly instance: string;
}

/**
 * Checks the report of a bot. Throws `INVALID_ARGUMENT` for a malformed one, so each row of it has a bounded size. Callers
 * are bots of the reporter's own trust domain. Future times are set to now, so that a bot with a fast clock does not stay
 * on top of the list. Services that the reporter may not serve are left out.
 */
export function checkReport(
  { endpoints, usage, instance }: ReportRequest,
  { trustDomain, name }: Pick<SpiffeId, "trustDomain" | "name">,
  now: number,
): CheckedReport {
  if (!/^[A-Za-z0-9-]{0,64}$/.test(instance))
    throw invalid("The instance is malformed: use up to 64 letters and digits.");
  if (endpoints.length > maximumEndpoints) throw invalid(`Report at most ${maximumEndpoints} endpoints.`);
  if (usage.length > maximumReportedUsage)
    throw invalid(`Report at most ${maximumReportedUsage} rows of usage at once.`);
  const checked = {
    instance,
    endpoints: endpoints.map(({ service, address }) => {
      if (!isServiceName(service)) throw invalid("An endpoint's service is malformed: give its full name.");
      if (!isAddress(address)) throw invalid("An endpoint's address is malformed: write host:port.");
      return { service, address };
    }),
    usage: usage.map(({ method, caller, denial, count, lastAt }) => {
      if (method.length > maximumMethodLength || !/^[^\p{C}\s]*$/u.test(method))
        throw invalid("A method is malformed: write package.Service/Method.");
      if (caller !== "" && !isMember(caller, trustDomain))
        throw invalid("A caller is no bot of this fleet: write its SPIFFE ID.");
      if (denial !== "" && !isReason(denial)) throw invalid("A denial has an unknown reason.");
      if (count < 1n || count > maximumCount) throw invalid("A count is out of range.");
      return { method, caller, denial, count: Number(count), lastAt: pastTime(lastAt, now) };
    }),
  };
  return { ...checked, endpoints: checked.endpoints.filter(({ service }) => mayServe(name, service)) };
}

// Certificates are issued only for names of at most 255 characters.
function isMember(uri: string, trustDomain: string): boolean {
  const id = parseSpiffeId(uri);
  return id?.trustDomain === trustDomain && isIssuable(id.name);
}

/** Returns a reported time in milliseconds since the epoch; now for one to come, or one that no date can hold. */
function pastTime(at: Date | undefined, now: number): number {
  const ms = at?.getTime() ?? now;
  return ms >= 0 && ms <= now ? ms : now;
}

function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:.%]+\]|[a-zA-Z0-9._-]+):(\d{1,5})$/.exec(text)?.[1];
  return text.length <= 262 && port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** The names of the gRPC statuses that an error can have: the reason of a denial without one of Interlock's. */
const codes: ReadonlySet<string> = new Set(
  (
    "CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED " +
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS " +
    "UNAUTHENTICATED"
  ).split(" "),
);

function isReason(text: string): boolean {
  return Object.hasOwn(reasons, text) || codes.has(text);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
