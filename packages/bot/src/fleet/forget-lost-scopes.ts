import { matchesIdentity } from "@interlock/policy";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";

/**
 * Forgets tokens of the bot `name` when the trust says that a scope in them has been taken away. Servers refuse those from
 * then on, and the next call requests another. Returns a function that ends this.
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
