import type { CutOff } from "@interlock/bot";
import { builtInGrants, maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { isFederatedName } from "@interlock/policy";
import { diffGrants, type Grant } from "@interlock/policy/grants";
import type { GrantVersionRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import { readGrants } from "./read-grants.js";

// The maximum lifetime of a token, and a minute for slow clocks.
const windowMs = maximumTokenLifetimeMs + 60_000;

/** How many cut-offs and exceptions one trust update carries at most. */
export const maximumCutOffs = 2_000;

/** Loads the cut-offs: scopes that recent versions of the grants withdrew while tokens with them may still be valid. */
export async function loadCutOffs({ grantVersions }: Pick<Records, "grantVersions">, now: number): Promise<CutOff[]> {
  return cutOffsOf(await grantVersions.since(now - windowMs));
}

/**
 * Computes what was withdrawn from version to version. `versions` are in order; the first one is the state before.
 * Scopes that the latest version grants again, or through another pattern, are exceptions. If the result is too large
 * for an update, it is one cut-off for every token from before the latest version.
 */
export function cutOffsOf(versions: readonly GrantVersionRow[]): CutOff[] {
  if (versions.length < 2) return []; // Nothing was withdrawn, and to read a large file takes longer than all else here.
  const parsed = versions.map(({ version, yaml }) => ({ version, grants: readGrants(yaml) }));
  const latest = parsed.at(-1) as (typeof parsed)[number];
  const lost = new Map<string, CutOff>();
  const holders = holdersOf([...builtInGrants, ...latest.grants]);
  for (const [i, { version, grants }] of parsed.entries()) {
    const before = parsed[i - 1]?.grants ?? grants;
    for (const { added, identity, service, scope } of diffGrants(before, grants)) {
      if (added) continue;
      const except = holders.get(`${service} ${scope}`) ?? [];
      if (except.includes(identity)) continue; // The latest version grants it again.
      // A scope that is held under a condition from now on is lost for all other requests: tokens without it are refused.
      lost.set(`${identity} ${service} ${scope}`, { identity, service, scope, grantsVersion: version, except });
    }
  }
  const cutOffs = [...lost.values()];
  const size = cutOffs.reduce((sum, { except }) => sum + 1 + except.length, 0);
  if (size <= maximumCutOffs) return cutOffs;
  // `**` matches bots of the own trust domain only, so the others are named: by every domain that ever had a grant here.
  const patterns = new Set(parsed.flatMap(({ grants }) => grants.flatMap(({ identity }) => allOfDomain(identity))));
  const all = { service: "", scope: "", grantsVersion: latest.version, except: [] };
  return ["**", ...patterns].map((identity) => ({ identity, ...all }));
}

/** The pattern of all bots of the federated trust domain of a grant; nothing for a grant to bots of the own one. */
function allOfDomain(identity: string): string[] {
  if (!isFederatedName(identity)) return [];
  const [, , trustDomain = ""] = identity.split("/");
  return [`spiffe://${trustDomain}/**`];
}

function holdersOf(grants: readonly Grant[]): ReadonlyMap<string, string[]> {
  const holders = new Map<string, string[]>();
  for (const { identity, service, scope, where } of grants) {
    if (where !== undefined) continue;
    const key = `${service} ${scope}`;
    const patterns = holders.get(key);
    if (patterns) patterns.push(identity);
    else holders.set(key, [identity]);
  }
  return holders;
}
