import type { CutOff } from "@interlock/bot";
import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import type { GrantVersionRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import { builtInGrants } from "./built-in-grants.js";
import { diffGrants } from "./diff-grants.js";
import type { Grant } from "./grants.js";
import { parseGrants } from "./parse-grants.js";

// As long as a token can live, and a minute for clocks that are late.
const windowMs = maximumTokenLifetimeMs + 60_000;

/** How many cut-offs, with their exceptions, an update of the trust carries at most. */
export const maximumCutOffs = 2_000;

/** What the grants that were applied lately have taken away, and is still in tokens that are out there. */
export async function loadCutOffs({ grantVersions }: Pick<Records, "grantVersions">, now: number): Promise<CutOff[]> {
  return cutOffsOf(await grantVersions.since(now - windowMs));
}

/**
 * What was taken away from version to version. `versions` are in their order, the first one as it was before. What the
 * latest gives again, or to others by another pattern, is an exception. Where that is too much to be sent, every token
 * from before the latest version is cut off.
 */
export function cutOffsOf(versions: readonly GrantVersionRow[]): CutOff[] {
  const parsed = versions.map(({ version, yaml }) => ({ version, grants: parseGrants(yaml) }));
  const latest = parsed.at(-1);
  if (!latest || parsed.length < 2) return [];
  const lost = new Map<string, CutOff>();
  const holders = holdersOf([...builtInGrants, ...latest.grants]);
  for (const [i, { version, grants }] of parsed.entries()) {
    const before = parsed[i - 1]?.grants ?? grants;
    for (const { added, identity, service, scope } of diffGrants(before, grants)) {
      if (added) continue;
      const except = holders.get(`${service} ${scope}`) ?? [];
      if (except.includes(identity)) continue; // It has been given back.
      lost.set(`${identity} ${service} ${scope}`, { identity, service, scope, grantsVersion: version, except });
    }
  }
  const cutOffs = [...lost.values()];
  const size = cutOffs.reduce((sum, { except }) => sum + 1 + except.length, 0);
  if (size <= maximumCutOffs) return cutOffs;
  return [{ identity: "**", service: "", scope: "", grantsVersion: latest.version, except: [] }];
}

function holdersOf(grants: readonly Grant[]): ReadonlyMap<string, string[]> {
  const holders = new Map<string, string[]>();
  for (const { identity, service, scope } of grants) {
    const key = `${service} ${scope}`;
    const patterns = holders.get(key);
    if (patterns) patterns.push(identity);
    else holders.set(key, [identity]);
  }
  return holders;
}
