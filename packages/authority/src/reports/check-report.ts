import { createHash } from "node:crypto";
import { InterlockError, reasons } from "@interlock/bot";
import { isEveryInterface, maximumActors, readAddress } from "@interlock/bot/internal";
import type { ReportRequest } from "@interlock/bot/protocol";
import { isServiceName, maximumManifestBytes, parseManifest, parseSpiffeId, type SpiffeId } from "@interlock/policy";
import { isIssuable } from "../names.js";
import type { EndpointRow } from "../store/schema.js";
import type { UsageCounts } from "../store/usage.js";
import { packActors } from "./actors.js";
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
  readonly usage: readonly UsageCounts[];
  /** The process of the bot; empty when the bot does not tell its processes apart. */
  readonly instance: string;
  /** When the process started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The version of the bot's program; empty for none. */
  readonly version: string;
  /** The hash of the manifest that it serves; empty for none. */
  readonly manifestHash: string;
  /** The manifest with that hash, where it was sent, as JSON. */
  readonly manifest: string | undefined;
  readonly stopping: boolean;
  /** Until when calls of the process may not have been counted, in milliseconds since the epoch; absent for none. */
  readonly uncountedAt: number | undefined;
}

/**
 * Checks the report of a bot. Throws `INVALID_ARGUMENT` for a malformed one, so each row of it has a bounded size. Callers
 * are bots of the reporter's own trust domain, and of those that are federated; one of a third domain, which may have been revoked
 * meanwhile, is left out of its row. Actors are of the own one. Future times are set to now, so that a bot with a fast clock does not stay
 * on top of the list. Services that the reporter may not serve are left out, calls of them that it says to have admitted, and
 * addresses that nothing can dial.
 */
export function checkReport(
  report: ReportRequest,
  { trustDomain, name }: Pick<SpiffeId, "trustDomain" | "name">,
  now: number,
  isFederated: (trustDomain: string) => boolean = () => false,
): CheckedReport {
  const { endpoints, usage, instance, startedAt, version, manifestHash, manifest, stopping } = report;
  if (!/^[A-Za-z0-9-]{0,64}$/.test(instance))
    throw invalid("The instance is malformed: use up to 64 letters and digits.");
  if (endpoints.length > maximumEndpoints) throw invalid(`Report at most ${maximumEndpoints} endpoints.`);
  if (usage.length > maximumReportedUsage)
    throw invalid(`Report at most ${maximumReportedUsage} rows of usage at once.`);
  if (!/^[^\p{C}\p{Z}]{0,64}$/u.test(version))
    throw invalid("The version is malformed: use up to 64 printable characters without spaces.");
  if (!/^([0-9a-f]{64})?$/.test(manifestHash)) throw invalid("The manifest's hash is malformed: write SHA-256 in hex.");
  const checked = {
    instance,
    startedAt: pastTime(startedAt, now),
    version,
    manifestHash,
    manifest: manifest === "" ? undefined : checkManifest(manifest, manifestHash, name),
    stopping,
    uncountedAt: uncountedAt(report, now),
    endpoints: endpoints.map(({ service, address }) => {
      if (!isServiceName(service)) throw invalid("An endpoint's service is malformed: give its full name.");
      return { service, address, host: hostOf(address) };
    }),
    usage: usage
      .filter(mayCount(name))
      .map(({ method, caller: given, actors, denial, count, firstAt, lastAt: last }) => {
        if (method.length > maximumMethodLength || !/^[^\p{C}\s]*$/u.test(method))
          throw invalid("A method is malformed: write package.Service/Method.");
        const caller = given === "" ? given : readCaller(given, trustDomain, isFederated);
        if (caller === undefined) throw invalid("A caller is no bot of this fleet: write its SPIFFE ID.");
        if (actors.length > maximumActors || !actors.every((actor) => isMember(actor, trustDomain)))
          throw invalid(`Actors are malformed: write at most ${maximumActors} SPIFFE IDs of bots of this fleet.`);
        if (denial !== "" && !isReason(denial)) throw invalid("A denial has an unknown reason.");
        if (count < 1n || count > maximumCount) throw invalid("A count is out of range.");
        const lastAt = pastTime(last, now);
        return {
          method,
          caller,
          actors: packActors(actors),
          denial,
          count: Number(count),
          firstAt: pastTime(firstAt, lastAt),
          lastAt,
        };
      }),
  };
  const listed = checked.endpoints.filter(({ service, host }) => mayServe(name, service) && !isEveryInterface(host));
  return { ...checked, endpoints: listed.map(({ service, address }) => ({ service, address })) };
}

/** Whether a row can be true: calls of the authority's own services are admitted by the authority alone. */
function mayCount(name: string): (row: ReportRequest["usage"][number]) => boolean {
  return ({ method, denial }) => denial !== "" || mayServe(name, method.slice(0, Math.max(0, method.indexOf("/"))));
}

/** Until when the reporting process may have served calls without counting them: never, where it has counted from its start. */
function uncountedAt({ countedSince, startedAt }: ReportRequest, now: number): number | undefined {
  if (countedSince === undefined) return now;
  if (startedAt !== undefined && countedSince <= startedAt) return undefined;
  return pastTime(countedSince, now);
}

/** A caller as it is recorded; `undefined` for a malformed one. */
function readCaller(
  uri: string,
  trustDomain: string,
  isFederated: (trustDomain: string) => boolean,
): string | undefined {
  const id = parseSpiffeId(uri);
  if (!id || id.trustDomain === trustDomain) return isMember(uri, trustDomain) ? uri : undefined;
  return uri.length <= maximumForeignLength && isFederated(id.trustDomain) ? uri : "";
}

/** The longest SPIFFE ID of a bot of a federated trust domain that is recorded; calls of others are recorded without a caller. */
const maximumForeignLength = 512;

// Certificates are issued only for names of at most 255 characters.
function isMember(uri: string, trustDomain: string): boolean {
  const id = parseSpiffeId(uri);
  return id?.trustDomain === trustDomain && isIssuable(id.name);
}

/** Returns a reported time in milliseconds since the epoch; `latest` for a later one, and for one that no date can hold. */
function pastTime(at: Date | undefined, latest: number): number {
  const ms = at?.getTime() ?? latest;
  return ms >= 0 && ms <= latest ? ms : latest;
}

function checkManifest(json: string, hash: string, name: string): string {
  const refuse = (problem: string) => invalid(`The manifest cannot be used: ${problem}.`);
  if (Buffer.byteLength(json) > maximumManifestBytes) throw refuse(`it is above ${maximumManifestBytes} bytes`);
  if (createHash("sha256").update(json).digest("hex") !== hash) throw refuse("its hash is another one than reported");
  let services: readonly { readonly name: string }[];
  try {
    services = parseManifest(json).services;
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const foreign = services.find((service) => !mayServe(name, service.name));
  if (foreign) throw refuse(`this bot may not serve ${foreign.name}`);
  return json;
}

/** Reads a reported address; its errors are the report's. */
function hostOf(address: string): string {
  try {
    return readAddress(address).host;
  } catch (cause) {
    throw invalid(`An endpoint is malformed. ${InterlockError.from(cause).message}`);
  }
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
