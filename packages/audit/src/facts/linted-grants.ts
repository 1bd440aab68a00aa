import {
  type Grant,
  type GrantsRule,
  grantKey,
  type LocatedGrant,
  lintGrants,
  type Place,
} from "@interlock/policy/grants";
import type { Found } from "../finding.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { isAuthoritys, isInterlocks } from "../own-services.js";
import { sentence } from "../text.js";
import { knownServices } from "./services.js";

/**
 * Holds the grants against every known service, by rules of `lintGrants`. The grants are those of the project's file; where
 * there is none, those in force. Nothing is found while only the authority's own services are known.
 */
export function lintedGrants(inputs: AuditInputs, rules: readonly GrantsRule[]): Found[] {
  const { grantsFile, fleet } = inputs;
  const grants = grantsFile?.grants ?? fleet?.grants.map(unlocated) ?? [];
  const services = knownServices(inputs);
  if (services.every(({ name }) => isAuthoritys(name))) return [];
  // Interlock's own services are known only from bots that serve them.
  const names = new Set(services.map(({ name }) => name));
  const judged = grants.filter(({ service }) => !isInterlocks(service) || names.has(service));
  const atPlace = new Map<string, Grant>();
  for (const grant of judged) {
    for (const place of [grant.places.service, grant.places.scope])
      if (!atPlace.has(keyOf(place))) atPlace.set(keyOf(place), grant);
  }
  return lintGrants(judged, { services }).flatMap((finding): Found[] => {
    const grant = atPlace.get(keyOf(finding));
    if (!grant || !rules.includes(finding.id)) return [];
    const { identity, service, scope, where } = grant;
    return [
      {
        subject: grantKey(grant),
        message: sentence(finding.message),
        evidence: [`The grant is ${identity}: ${service}: [${scope}]${where === undefined ? "" : ` where ${where}`}.`],
        remedy: sentence(finding.remedy),
        command: "interlock grants plan grants.yaml",
        ...(grantsFile && { place: { file: grantsFile.file, line: finding.line, column: finding.column } }),
      },
    ];
  });
}

function keyOf({ line, column }: Pick<Place, "line" | "column">): string {
  return `${line}:${column}`;
}

/** Gives a grant that is in no file places of its own. */
function unlocated(grant: Grant, i: number): LocatedGrant {
  const at = (column: number) => ({ line: i + 1, column, length: 1 });
  return { ...grant, places: { identity: at(1), service: at(2), scope: at(3) } };
}
