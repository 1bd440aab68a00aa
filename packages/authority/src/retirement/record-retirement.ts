import { InterlockError } from "@interlock/bot";
import { isBotName, isServiceName } from "@interlock/policy";
import type { AuditEntry } from "@interlock/policy/audit-log";

/** The maximum number of open steps of a retirement. */
const maximumOpen = 32;

/** The maximum number of addresses of a retirement. */
const maximumAddresses = 64;

/** What is put on record of a retirement. */
export interface Retirement {
  readonly kind: string;
  readonly name: string;
  readonly sha256: string;
  readonly open: readonly string[];
  readonly addresses: readonly string[];
}

/** Creates the entry of a retirement for the audit log. Throws `INVALID_ARGUMENT` for one that is malformed. */
export function retirementEntry(
  { kind, name, sha256, open, addresses }: Retirement,
  at: number,
  actor: string,
): AuditEntry {
  if (!isSubject(kind, name))
    throw invalid("The subject is malformed: give a kind (bot, method, service) and its name.");
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw invalid("The digest is malformed: give SHA-256 in lower-case hex.");
  if (open.length > maximumOpen || !open.every((step) => /^[a-z-]{1,32}$/.test(step)))
    throw invalid(`The open steps are malformed: give at most ${maximumOpen} names.`);
  if (addresses.length > maximumAddresses || !addresses.every((address) => /^[\w.:[\]%-]{1,300}$/.test(address)))
    throw invalid(`The addresses are malformed: give at most ${maximumAddresses} of host:port.`);
  return { at, kind: "retirement", actor, subject: name, details: { kind, sha256, open, addresses } };
}

function isSubject(kind: string, name: string): boolean {
  if (kind === "bot") return isBotName(name);
  if (kind === "service") return isServiceName(name) && name.length <= 255;
  const [service = "", method = "", ...rest] = name.split("/");
  return kind === "method" && isServiceName(service) && /^[A-Za-z_]\w{0,254}$/.test(method) && rest.length === 0;
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
