import { matchesIdentity } from "@interlock/policy";

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

function cuts({ identity, service, scope, grantsVersion, except }: CutOff, token: GrantedToken): boolean {
  return (
    token.grantsVersion < grantsVersion &&
    (service === "" || token.audiences.has(service)) &&
    (scope === "" || token.scopes.has(scope)) &&
    matchesIdentity(identity, token.name) &&
    !except.some((pattern) => matchesIdentity(pattern, token.name))
  );
}
