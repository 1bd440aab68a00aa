import { matchesIdentity } from "@interlock/policy";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";

/**
 * Forgets the tokens of the bot called `name` that may hold a scope which has been taken away from it: servers refuse
 * them from now on, and the next call asks for another. Gives what ends that.
 */
export function forgetLostScopes(tokens: TokenSource, trust: Trust, name: string): () => void {
  let known = latest(trust);
  return trust.onChange(({ state: { cutOffs = [] } }) => {
    for (const { identity, service, grantsVersion } of cutOffs) {
      if (grantsVersion > known && matchesIdentity(identity, name)) tokens.forget(service);
    }
    known = Math.max(known, latest(trust));
  });
}

function latest({ state: { cutOffs = [] } }: Trust): number {
  return Math.max(0, ...cutOffs.map(({ grantsVersion }) => grantsVersion));
}
