import { matchesIdentity } from "@interlock/policy";
import type { Grants } from "@interlock/policy/grants";
import type { KnownMethod } from "./known-methods.js";
import { type RetireSubject, serviceOf } from "./subject.js";

/** The grants that a retirement takes away, and those that it leaves. */
export interface SpentGrants {
  readonly removed: Grants;
  /** Why a grant stays that one could expect to go, each in a sentence. */
  readonly kept: readonly string[];
}

/**
 * Finds the grants that nothing needs once a subject is gone. Of a bot: those in its name. Of a service: all at it. Of a
 * method: those of its scopes that no other method of its service needs.
 *
 * @param gone - Methods that are retired already, each `package.Service/Method` or `package.Service/*`.
 */
export function spentGrants(
  grants: Grants,
  { kind, name }: RetireSubject,
  known: ReadonlyMap<string, readonly KnownMethod[]>,
  gone: readonly string[] = [],
): SpentGrants {
  if (kind === "service") return { removed: grants.filter(({ service }) => service === name), kept: [] };
  if (kind === "bot") {
    const patterns = grants.filter(({ identity }) => identity !== name && matchesIdentity(identity, name));
    const matching = [...new Set(patterns.map(({ identity }) => identity))];
    return {
      removed: grants.filter(({ identity }) => identity === name),
      kept: matching.map(
        (pattern) => `The grants of ${pattern} stay, for other bots. Its revocation keeps ${name} from them.`,
      ),
    };
  }
  const service = serviceOf(name);
  const methods = known.get(service) ?? [];
  const scopes = methods.find((method) => method.name === name)?.scopes ?? new Set();
  const isGone = (method: string) => method === name || gone.includes(method) || gone.includes(`${service}/*`);
  const others = methods.filter((method) => !isGone(method.name));
  const needing = (scope: string) => others.filter((method) => method.scopes.has(scope)).map((method) => method.name);
  const ofMethod = grants.filter((grant) => grant.service === service && scopes.has(grant.scope));
  return {
    removed: ofMethod.filter(({ scope }) => needing(scope).length === 0),
    kept: [...scopes]
      .filter((scope) => needing(scope).length > 0)
      .map((scope) => `The grants of ${scope} stay: ${listed(needing(scope))} needs it, too.`),
  };
}

function listed([first, ...more]: readonly string[]): string {
  return more.length === 0 ? String(first) : `${first} (and ${more.length} more)`;
}
