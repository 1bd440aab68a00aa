import { grantedScopes, narrowedScopes } from "@interlock/policy/grants";
import { isPerson } from "../facts/names.js";
import { methodsOf } from "../facts/services.js";
import { methodName } from "../facts/usage.js";
import type { Found } from "../finding.js";
import type { Fleet } from "../inputs/fleet.js";
import type { DeclaredMethod, Project, SourcePlace } from "../inputs/project.js";
import { listText, timeText } from "../text.js";
import { gateRules } from "./gate-rules.js";

/** A method of the base revision that this one does not declare. */
export interface RemovedMethod extends Pick<DeclaredMethod, "policy"> {
  readonly subject: string;
  /** The full name of its service. */
  readonly service: string;
  /** Of its service, or of its proto file in the base revision. */
  readonly place: SourcePlace;
}

/** Lists the methods that the base revision declares, and this one does not. */
export function removedMethods(base: Project, head: Project): RemovedMethod[] {
  const declared = new Set(methodsOf(head.services).map(({ subject }) => subject));
  const places = new Map(head.services.map(({ name, place }) => [name, place]));
  return methodsOf(base.services)
    .filter(({ subject }) => !declared.has(subject))
    .map(({ subject, service, policy, place }) => ({
      subject,
      service,
      policy,
      place: places.get(service) ?? { file: place.file, line: 1, column: 1 },
    }));
}

/** Says what is wrong with the removal of a method that is not past its sunset. */
export function removedEarly({ subject, policy: { deprecation }, place }: RemovedMethod): Found {
  const why =
    deprecation === undefined
      ? "it was not deprecated"
      : deprecation.sunset === undefined
        ? "it has no sunset"
        : `its sunset is ${deprecation.sunset}`;
  return {
    subject,
    message: `${subject} was removed, and ${why}.`,
    evidence: ["The base revision declares it."],
    remedy: gateRules.removedEarly.remedy,
    place,
  };
}

/**
 * Finds out whether bots called a removed method since a time, or were refused because of its sunset. Refused callers count where
 * they are granted what the method needs, and are no people: past the sunset every bot is refused alike, and so are scans.
 */
export function removedInUse(removed: RemovedMethod, fleet: Fleet, since: number): Found[] {
  const { subject, service, policy, place } = removed;
  const isCaller = (name: string) => {
    const held = grantedScopes(fleet.grants, name, service);
    const narrowed = narrowedScopes(fleet.grants, name, service);
    return !isPerson(name) && policy.scopes.every((scope) => held.has(scope) || narrowed.has(scope));
  };
  const calls = fleet.usage.filter(
    ({ method, caller, denial, lastAt }) =>
      methodName(method) === subject &&
      lastAt >= since &&
      (denial === "" || (denial === "METHOD_SUNSET" && isCaller(caller))),
  );
  if (calls.length === 0) return [];
  const callers = new Set(calls.map(({ caller }) => caller || "a bot"));
  const last = calls.reduce((latest, { lastAt }) => Math.max(latest, lastAt), 0);
  return [
    {
      subject,
      message: `${subject} was removed, and ${listText(callers)} still ${callers.size === 1 ? "calls" : "call"} it.`,
      evidence: [`The last call was at ${timeText(last)}.`],
      remedy: gateRules.removedInUse.remedy,
      command: `interlock usage --method ${subject}`,
      place,
    },
  ];
}
