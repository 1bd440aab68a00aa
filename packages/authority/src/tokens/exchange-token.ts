import { InterlockError } from "@interlock/bot";
import { denial, exchangeScope, maximumActors, type VerifiedToken } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { grantedScopes } from "@interlock/policy/grants";
import { allowedAt } from "../delegations/allowed.js";
import type { HeldDelegation } from "../delegations/held-delegation.js";
import { type IssuedToken, issueToken, type TokenRequest } from "./issue-token.js";

/** The input for a token exchange. `caller` is the bot that wants to act. */
export interface ExchangeRequest extends Omit<TokenRequest, "delegation" | "only"> {
  /** What the delegation of the token allows; absent for a token without one. */
  readonly delegated?: HeldDelegation | undefined;
  /** The token that was presented to the caller. It is verified except for its binding, and not revoked. */
  readonly subjectToken: VerifiedToken;
  /** The requested scopes, a subset of the token's. Default, if empty: all of them. */
  readonly scopes: readonly string[];
}

/**
 * Exchanges a token that a bot presented to the caller for one with which the caller acts for that bot (RFC 8693):
 * `sub` stays, and `act` becomes the caller, followed by earlier actors. The new token is bound to the caller's
 * certificate, has only scopes of the first one that the subject is granted at the new audience, under every condition of the first
 * one and of the grants, and expires no later. Under a delegation, it has only what that allows at the new audience; a token for
 * one approved call stays one, at the same service.
 *
 * Rejects with `ACTOR_NOT_ALLOWED`, `ACTOR_CHAIN_TOO_LONG`, `SCOPE_WIDENED`, and as {@link issueToken} does.
 */
export async function exchangeToken(request: ExchangeRequest): Promise<IssuedToken> {
  const { caller, subjectToken, audience, delegated } = request;
  const { subject, actors, jti, ancestors, expiresAt, narrowed, methods, approval } = subjectToken;
  refuseForbidden(request);
  refuseChain(subjectToken);
  refuseWidened(request);
  const delegation = {
    subject,
    actors: [caller.spiffeId, ...actors],
    ancestors: [jti, ...ancestors],
    narrowed,
    expiresAt,
    limits: delegated,
  };
  const isSame = subjectToken.audiences.has(audience);
  const only = isSame && methods ? { methods: [...methods], approval } : undefined;
  return issueToken({ ...request, scopes: wantedScopes(request), delegation, only });
}

/** The requested scopes. Default: all of the token, of which a delegation may have some only at the audience. */
function wantedScopes({ scopes, subjectToken, delegated, audience }: ExchangeRequest): readonly string[] {
  if (scopes.length > 0) return scopes;
  const held = scopesOf(subjectToken);
  if (!delegated) return held;
  const part = allowedAt(delegated.allowed, audience)?.scopes ?? [];
  const kept = held.filter((scope) => part.includes(scope));
  return kept.length > 0 ? kept : held;
}

function refuseForbidden({ grants, caller, subjectToken, audience }: ExchangeRequest): void {
  const { name } = caller.spiffeId;
  // Operators act in person: the audit log could not distinguish an actor in between from the operator.
  if (audience === AdminService.name)
    throw denial("ACTOR_NOT_ALLOWED", "operators must call the AdminService themselves");
  const [first, ...more] = subjectToken.audiences;
  if (first === undefined || more.length > 0)
    throw invalid("The token has several audiences: exchange a token for exactly one service.");
  for (const service of [first, audience]) {
    if (grantedScopes(grants, name, service).has(exchangeScope)) continue;
    throw denial(
      "ACTOR_NOT_ALLOWED",
      `"${name}" lacks ${exchangeScope} at ${service}; add that to grants.yaml and run ` +
        `"interlock grants apply grants.yaml"`,
      { service, needed: exchangeScope },
    );
  }
}

function refuseChain({ actors }: VerifiedToken): void {
  if (actors.length < maximumActors) return;
  throw denial("ACTOR_CHAIN_TOO_LONG", `at most ${maximumActors} actors are allowed; shorten the chain of calls`);
}

function refuseWidened({ subjectToken, scopes }: ExchangeRequest): void {
  const wider = scopes.filter((scope) => !subjectToken.scopes.has(scope) && !subjectToken.narrowed.has(scope));
  if (wider.length === 0) return;
  const held = scopesOf(subjectToken).sort().join(" ");
  throw denial("SCOPE_WIDENED", `request only scopes of "${held}"`, { needed: wider.join(" "), held });
}

/** What a token holds, for every request or under conditions. */
function scopesOf({ scopes, narrowed }: VerifiedToken): string[] {
  return [...scopes, ...narrowed.keys()];
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
