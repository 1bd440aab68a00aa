import { coversIdentity, identitiesOverlap, matchesIdentity } from "../identity-pattern.js";
import type { ServedMethod, ServedService } from "../manifest.js";
import { isFederatedName } from "../spiffe-id.js";
import { didYouMean } from "./did-you-mean.js";
import { type Grant, grantKey, type LocatedGrant, type Place } from "./grants.js";

/** The rules by which grants are held against a fleet. */
export type GrantsRule =
  | "unknown-service"
  | "unknown-scope"
  | "scope-of-another-service"
  | "unknown-identity"
  | "useless-grant"
  | "duplicate-grant"
  | "shadowed-grant"
  | "unsound-condition";

/** Something in a grants file that has no effect, or not the one that was meant. */
export interface GrantsFinding extends Place {
  readonly id: GrantsRule;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** What is known of a fleet. */
export interface KnownFleet {
  /** The services of every manifest; one service may be there several times, in several versions. */
  readonly services: readonly ServedService[];
  /** The names of bots, and the patterns of invitations; absent when they are not known. */
  readonly identities?: readonly string[] | undefined;
  /**
   * Says what is wrong with a condition, by the request type of each method that needs the scope: one fault for each method that
   * it does not fit. Default: conditions are not judged.
   */
  readonly conditionFaults?: ((grant: ConditionedGrant) => readonly ConditionFault[]) | undefined;
}

/** A grant with a condition. */
export interface ConditionedGrant extends Grant {
  readonly where: string;
}

/** What is wrong with a condition. */
export interface ConditionFault {
  /** The method that it does not fit, `/package.Service/Method`; absent where it fits none. */
  readonly method?: string | undefined;
  /** What is wrong, in a clause. */
  readonly problem: string;
}

/** The scopes that every service has: with them a bot acts for its callers (RFC 8693), or gives its scopes to another. */
const scopesOfAny: readonly string[] = ["token:exchange", "token:delegate"];

/** The maximum number of findings. */
const maximumFindings = 1_000;

/** The maximum number of patterns that are compared with the other grants of one scope. */
const maximumPatterns = 200;

/** The maximum number of distinct texts for which a similar one is looked for. */
const maximumLookups = 500;

/**
 * Holds grants against what is known of a fleet. A service is known when a manifest has it; without any manifest,
 * services and scopes are not judged. Identities are judged once a bot is known that is no operator.
 *
 * @param grants - The grants with their places, from `locateGrants`.
 * @param known - What is known of the fleet.
 * @returns The findings in file order, 1,000 at most.
 *
 * @example
 * ```ts
 * for (const { line, message, remedy } of lintGrants(locateGrants(yaml), { services })) console.warn(line, message, remedy);
 * ```
 */
export function lintGrants(grants: readonly LocatedGrant[], known: KnownFleet): GrantsFinding[] {
  const rules = [
    checkService(known.services),
    checkIdentity(known.identities),
    checkRepetition(grants),
    checkCondition(known.conditionFaults),
  ];
  const findings: GrantsFinding[] = [];
  const told = new Set<string>();
  for (const grant of grants) {
    for (const finding of rules.flatMap((rule) => rule(grant))) {
      // A key has one place for all of the grants below it.
      const key = `${finding.id} ${finding.line} ${finding.column}`;
      if (told.has(key)) continue;
      if (findings.length === maximumFindings) return inOrder(findings);
      told.add(key);
      findings.push(finding);
    }
  }
  return inOrder(findings);
}

type Rule = (grant: LocatedGrant) => GrantsFinding[];

/** Holds service and scope against the manifests. */
function checkService(services: readonly ServedService[]): Rule {
  const methods = new Map<string, ServedMethod[]>();
  for (const service of services) methods.set(service.name, [...(methods.get(service.name) ?? []), ...service.methods]);
  const owners = new Map<string, Set<string>>();
  for (const [name, ofService] of methods) {
    for (const scope of ofService.flatMap(({ policy }) => policy.scopes))
      owners.set(scope, (owners.get(scope) ?? new Set()).add(name));
  }
  const similar = createLookup();

  return ({ identity, service, scope, places }) => {
    if (methods.size === 0) return [];
    const ofService = methods.get(service);
    if (!ofService) {
      const meant = similar(service, methods.keys()) ?? withLastPart(service, methods.keys());
      const message = `no bot serves ${service}, and no manifest here has it`;
      return [
        {
          ...places.service,
          id: "unknown-service",
          message,
          remedy: remedyFor(meant, "check its name, or start a bot that serves it"),
        },
      ];
    }
    if (scopesOfAny.includes(scope)) return [];
    const needing = ofService.filter(({ policy }) => (policy.scopes as readonly string[]).includes(scope));
    if (needing.length === 0) {
      const [owner] = owners.get(scope) ?? [];
      if (owner !== undefined) {
        const message = `${scope} is a scope of ${owner}, and no method of ${service} needs it`;
        return [{ ...places.scope, id: "scope-of-another-service", message, remedy: `move it below ${owner}` }];
      }
      const scopes = new Set(ofService.flatMap(({ policy }) => policy.scopes));
      const meant = similar(scope, scopes);
      const message = `no method of ${service} needs ${scope}`;
      const known = scopes.size === 0 ? "it needs no scope at all: remove the line" : `it has ${listed([...scopes])}`;
      return [{ ...places.scope, id: "unknown-scope", message, remedy: remedyFor(meant, known) }];
    }
    const callers = needing.map(({ policy }) => policy.callers);
    const isOpen = (patterns: readonly string[]) => patterns.length === 0 && !isFederatedName(identity);
    if (callers.some((patterns) => isOpen(patterns) || patterns.some((one) => identitiesOverlap(one, identity))))
      return [];
    const allowed = listed([...new Set(callers.flat())]) || "bots of this trust domain";
    const message = `${identity} gets ${scope}, but the methods that need it are for ${allowed} only`;
    return [
      { ...places.scope, id: "useless-grant", message, remedy: "remove it, or change the callers of the method" },
    ];
  };
}

/** Holds the identity pattern against the bots. */
function checkIdentity(identities: readonly string[] | undefined): Rule {
  const names = new Set(identities);
  const patterns = [...names].filter((name) => name.includes("*"));
  const isFleet = [...names].some((name) => !name.startsWith("operator/") && !name.startsWith("interlock/"));
  const seen = new Map<string, boolean>();
  const similar = createLookup();

  function isKnown(identity: string): boolean {
    if (names.has(identity)) return true;
    if (patterns.some((pattern) => identitiesOverlap(pattern, identity))) return true;
    if (!identity.includes("*")) return false;
    for (const name of names) if (matchesIdentity(identity, name)) return true;
    return false;
  }

  return ({ identity, places }) => {
    if (!isFleet || isFederatedName(identity)) return [];
    const known = seen.get(identity) ?? isKnown(identity);
    seen.set(identity, known);
    if (known) return [];
    const message = `no bot has joined or been invited under ${identity}`;
    const remedy = remedyFor(similar(identity, names), `invite it: interlock invite '${identity}'`);
    return [{ ...places.identity, id: "unknown-identity", message, remedy }];
  };
}

/** Whether a scope is for the authority, which looks at tokens and at no request: `token:exchange` and `token:introspect`. */
function isOfTokens({ scope }: Grant): boolean {
  return scope.startsWith("token:");
}

/** Holds the condition against the request types of the methods that need the scope. */
function checkCondition(conditionFaults: KnownFleet["conditionFaults"]): Rule {
  return (grant) => {
    const { where, places } = grant;
    if (where === undefined) return [];
    const [fault, ...more] = isOfTokens(grant)
      ? [{ method: undefined, problem: `${grant.scope} is held for every token, or not at all` }]
      : (conditionFaults?.({ ...grant, where }) ?? []);
    if (!fault) return [];
    const { method, problem } = fault;
    const others = more.length > 0 ? ` (and ${more.length} more)` : "";
    const message = method === undefined ? problem : `for ${method}${others}, ${problem}`;
    const remedy =
      method === undefined
        ? "correct the condition, or leave it out"
        : "correct the condition, or give the methods scopes of their own: one condition holds for all that need the scope";
    return [{ ...(places.where ?? places.scope), id: "unsound-condition", message, remedy }];
  };
}

/** Finds grants that another one in the file makes superfluous. */
function checkRepetition(grants: readonly LocatedGrant[]): Rule {
  const groups = new Map<string, LocatedGrant[]>();
  for (const grant of grants) {
    const key = `${grant.service} ${grant.scope}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    if (grant.identity.includes("*") && group.length < maximumPatterns) group.push(grant);
  }
  const free = new Map(grants.flatMap((grant) => (grant.where === undefined ? [[grantKey(grant), grant]] : [])));
  const first = new Map<string, LocatedGrant>();

  return (grant) => {
    const { identity, service, scope, places } = grant;
    const key = grantKey(grant);
    const earlier = first.get(key);
    if (earlier) {
      const message = `${scope} is here twice, and first in line ${earlier.places.scope.line}`;
      return [{ ...places.scope, id: "duplicate-grant", message, remedy: "remove one of them" }];
    }
    first.set(key, grant);
    const covers = (other: LocatedGrant) =>
      other.identity !== identity &&
      (other.where === undefined || other.where === grant.where) &&
      coversIdentity(other.identity, identity);
    const own = grant.where === undefined ? undefined : free.get(grantKey({ identity, service, scope }));
    const broad = own ?? (groups.get(`${service} ${scope}`) ?? []).find(covers);
    if (!broad) return [];
    if (grant.where !== undefined && broad.where === undefined) {
      const text = `the condition has no effect: ${identity} has ${scope} without one, by line ${broad.places.scope.line}`;
      return [{ ...places.scope, id: "shadowed-grant", message: text, remedy: "remove one of the two grants" }];
    }
    const message = `${identity} has ${scope} already, by ${broad.identity} in line ${broad.places.scope.line}`;
    return [{ ...places.scope, id: "shadowed-grant", message, remedy: `remove it, or narrow ${broad.identity}` }];
  };
}

/** Looks for similar texts, each text once. */
function createLookup(): (text: string, candidates: Iterable<string>) => string | undefined {
  const found = new Map<string, string | undefined>();
  return (text, candidates) => {
    if (!found.has(text) && found.size < maximumLookups) found.set(text, didYouMean(text, candidates));
    return found.get(text);
  };
}

/** Finds the one service with the same last part: another package, or none, was written. */
function withLastPart(service: string, names: Iterable<string>): string | undefined {
  const last = service.slice(service.lastIndexOf(".") + 1);
  const found = [...names].filter((name) => name === last || name.endsWith(`.${last}`));
  return found.length === 1 ? found[0] : undefined;
}

function remedyFor(meant: string | undefined, otherwise: string): string {
  return meant === undefined ? otherwise : `did you mean ${meant}?`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function inOrder(findings: readonly GrantsFinding[]): GrantsFinding[] {
  return [...findings].sort((a, b) => a.line - b.line || a.column - b.column);
}
