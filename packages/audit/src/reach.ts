import { exchangeScope } from "@interlock/bot/internal";
import { matchesIdentity } from "@interlock/policy";
import type { Grants } from "@interlock/policy/grants";

/** Which bots can call a method. */
export interface Reach {
  /** The bots that hold every scope themselves, by name. */
  readonly direct: readonly string[];
  /** The bots that may act at the service for a bot of `direct` that calls them: they hold `token:exchange` there. Empty without `direct`. */
  readonly actors: readonly string[];
  /** The identity patterns with a wildcard by which a scope is granted. */
  readonly wildcards: readonly string[];
}

/** Finds which bots can call, for one set of grants and bots. Each pattern is matched against the bots once. */
export interface ReachIndex {
  /**
   * Finds which bots can make a call.
   *
   * @param service - The full name of the service.
   * @param scopes - The scopes that a call needs, all of them. Empty for any bot.
   * @param callers - Identity patterns of which a caller must match one. Default: any caller.
   */
  reach(service: string, scopes: readonly string[], callers?: readonly string[]): Reach;
}

/**
 * Finds which bots can hold scopes at a service: directly, and by `token:exchange` as actors for those that hold them.
 *
 * @param grants - The grants.
 * @param bots - The names of the bots that count.
 * @param service - The full name of the service.
 * @param scopes - The scopes, all of them. Empty for any bot.
 */
export function reach(grants: Grants, bots: readonly string[], service: string, scopes: readonly string[]): Reach {
  return createReach(grants, bots).reach(service, scopes);
}

/** Creates an index for many questions about the same grants and bots. */
export function createReach(grants: Grants, bots: readonly string[]): ReachIndex {
  const names: ReadonlySet<string> = new Set(bots);
  const matched = new Map<string, ReadonlySet<string>>();
  const patterns = new Map<string, Set<string>>();
  const answers = new Map<string, Reach>();
  for (const { identity, service, scope } of grants) {
    const key = `${service} ${scope}`;
    patterns.set(key, (patterns.get(key) ?? new Set()).add(identity));
  }

  function matching(pattern: string): ReadonlySet<string> {
    if (!pattern.includes("*")) return new Set(names.has(pattern) ? [pattern] : []);
    const found = matched.get(pattern) ?? new Set([...names].filter((name) => matchesIdentity(pattern, name)));
    matched.set(pattern, found);
    return found;
  }

  function holders(service: string, scope: string): ReadonlySet<string> {
    return union([...(patterns.get(`${service} ${scope}`) ?? [])].map(matching));
  }

  function find(service: string, scopes: readonly string[], callers: readonly string[]): Reach {
    const sets = scopes.map((scope) => holders(service, scope));
    if (callers.length > 0) sets.push(union(callers.map(matching)));
    const direct = [...names].filter((name) => sets.every((set) => set.has(name))).sort();
    const wildcards = scopes.flatMap((scope) => [...(patterns.get(`${service} ${scope}`) ?? [])].filter(isWildcard));
    return {
      direct,
      actors: direct.length === 0 ? [] : [...holders(service, exchangeScope)].sort(),
      wildcards: [...new Set(wildcards)].sort(),
    };
  }

  return {
    reach(service, scopes, callers = []) {
      const key = [service, ...scopes, "", ...callers].join(" ");
      const answer = answers.get(key) ?? find(service, scopes, callers);
      answers.set(key, answer);
      return answer;
    },
  };
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const [first, ...more] = sets;
  if (first === undefined) return new Set();
  return more.length === 0 ? first : new Set(sets.flatMap((set) => [...set]));
}

function isWildcard(pattern: string): boolean {
  return pattern.includes("*");
}
