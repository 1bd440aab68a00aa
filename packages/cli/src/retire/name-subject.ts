import { type AuditInputs, knownMethods, type RetireSubject } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { isBotName, isServiceName } from "@interlock/policy";
import { shortName } from "../dashboard/model/format.js";

/** The maximum number of names in an error. */
const maximumListed = 20;

/**
 * Reads the subject that a command line names. The package of a service may be left out where only one is meant. Throws
 * `INVALID_ARGUMENT` for a name that can be none, and `NOT_FOUND` for a short one that means none or several.
 */
export function nameSubject(inputs: AuditInputs, kind: RetireSubject["kind"], given: string): RetireSubject {
  if (kind === "bot") {
    const name = shortName(given);
    if (isBotName(name)) return { kind, name };
    throw invalid(`"${given}" is not a bot's name: write for example gripper/1.`);
  }
  const [service = "", method, ...rest] = given.replace(/^\//, "").split("/");
  const isNamed = kind === "service" ? method === undefined : /^\w+$/.test(method ?? "") && rest.length === 0;
  if (!isServiceName(service) || !isNamed) {
    throw invalid(
      `"${given}" is no ${kind}: write ${kind === "service" ? "package.Service" : "package.Service/Method"}; the package may be left out.`,
    );
  }
  const full = fullName(inputs, service);
  return { kind, name: kind === "service" ? full : `${full}/${method}` };
}

function fullName(inputs: AuditInputs, service: string): string {
  const known = [...knownMethods(inputs).keys()];
  if (service.includes(".") || known.includes(service)) return service;
  const matching = known.filter((name) => name.endsWith(`.${service}`));
  if (matching.length === 1) return matching[0] as string;
  const listed = (matching.length > 0 ? matching : known).slice(0, maximumListed).join(", ");
  throw new InterlockError(
    "NOT_FOUND",
    matching.length > 0
      ? `Several services are called ${service}: ${listed}. Give the full name.`
      : `No service is called ${service}. Known are: ${listed || "none"}.`,
  );
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
