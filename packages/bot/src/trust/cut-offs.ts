import { matchesIdentity, type SpiffeId } from "@interlock/policy";
import { exchangeScope } from "../token/actors.js";

/** A scope that was withdrawn while tokens with it are still valid. */
export interface CutOff {
  /** The identity pattern from which it was withdrawn. */
  readonly identity: string;
  /** The service; empty for any. */
  readonly service: string;
  /** The scope; empty for any. */
  readonly scope: string;
  /** Tokens that were issued under an earlier version of the grants are refused. */
  readonly grantsVersion: number;
  /** Identity patterns that still hold the scope. */
  readonly except: readonly string[];
}

/** The part of a token that cut-offs look at. */
export interface GrantedToken {
  /** The name of the bot that it was issued to. */
  readonly name: string;
  /** The bots that act with it; they need the scope to exchange tokens. */
  readonly actors: readonly Pick<SpiffeId, "name">[];
  readonly audiences: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  /** The scopes that it holds under conditions. Absent for none. */
  readonly narrowed?: ReadonlyMap<string, unknown>;
  /** The version of the grants under which it was issued; 0 when the token has none. */
  readonly grantsVersion: number;
}

/**
 * Makes the function that answers whether a token holds a scope that was withdrawn since it was issued. Cut-offs are few
 * and short-lived. Each token, which is kept for a connection, is compared with them once; after that it is a look-up.
 */
export function indexCutOffs(cutOffs: readonly CutOff[]): (token: GrantedToken) => boolean {
  const judged = new WeakMap<GrantedToken, boolean>();
  return (token) => {
    if (cutOffs.length === 0) return false;
    let outdated = judged.get(token);
    if (outdated === undefined) {
      outdated = cutOffs.some((cutOff) => cuts(cutOff, token));
      judged.set(token, outdated);
    }
    return outdated;
  };
}

function cuts(cutOff: CutOff, token: GrantedToken): boolean {
  const { service, scope, grantsVersion } = cutOff;
  if (token.grantsVersion >= grantsVersion || (service !== "" && !token.audiences.has(service))) return false;
  const held = scope === "" || token.scopes.has(scope) || token.narrowed?.has(scope) === true;
  const acting = scope === "" || scope === exchangeScope;
  return (held && loses(cutOff, token.name)) || (acting && token.actors.some(({ name }) => loses(cutOff, name)));
}

function loses({ identity, except }: CutOff, name: string): boolean {
  return matchesIdentity(identity, name) && !except.some((pattern) => matchesIdentity(pattern, name));
}
