import { matchesIdentity, type SpiffeId } from "@interlock/policy";
import { exchangeScope } from "../token/actors.js";

/** A scope that was taken away while tokens with it are still out there. */
export interface CutOff {
  /** Whose: an identity pattern. */
  readonly identity: string;
  /** At which service; empty for any. */
  readonly service: string;
  /** Which scope; empty for any. */
  readonly scope: string;
  /** Tokens issued under an earlier version of the grants than this are worthless. */
  readonly grantsVersion: number;
  /** Identity patterns that hold the scope all the same. */
  readonly except: readonly string[];
}

/** What counts of a token. */
export interface GrantedToken {
  /** Of the bot it was issued to. */
  readonly name: string;
  /** Who act with it; they need the scope to exchange tokens. */
  readonly actors: readonly Pick<SpiffeId, "name">[];
  readonly audiences: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  /** The version of the grants under which it was issued; 0 when it does not say. */
  readonly grantsVersion: number;
}

/**
 * Answers whether a token holds what has been taken away since. Cut-offs are few and short-lived; each token, which is
 * kept for a connection, is held against them once, and after that it is a look-up.
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
  const held = scope === "" || token.scopes.has(scope);
  const acting = scope === "" || scope === exchangeScope;
  return (held && loses(cutOff, token.name)) || (acting && token.actors.some(({ name }) => loses(cutOff, name)));
}

function loses({ identity, except }: CutOff, name: string): boolean {
  return matchesIdentity(identity, name) && !except.some((pattern) => matchesIdentity(pattern, name));
}
