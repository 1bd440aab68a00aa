import { InterlockError } from "@interlock/bot";
import { denial, exchangeScope, maximumActors, type VerifiedToken } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { grantedScopes } from "@interlock/policy/grants";
import { type IssuedToken, issueToken, type TokenRequest } from "./issue-token.js";

/** What a token is exchanged with; `caller` is who wants to act. */
export interface ExchangeRequest extends Omit<TokenRequest, "delegation"> {
  /** The token that was shown to the caller; verified, and not revoked, for all but its binding. */
  readonly subjectToken: VerifiedToken;
  /** Those wanted, of the token's; none for all of them. */
  readonly scopes: readonly string[];
}

/**
 * Exchanges a token that a bot has shown to the caller for one with which the caller acts for that bot (RFC 8693): `sub`
 * stays, `act` becomes the caller, in front of those who have acted so far. It is bound to the caller's certificate, holds
 * no scope that the first one lacks, and none that the subject is not granted at the new audience, and lives no longer.
 *
 * Rejects with `ACTOR_NOT_ALLOWED`, `ACTOR_CHAIN_TOO_LONG`, `SCOPE_WIDENED`, and as {@link issueToken} does.
 */
export async function exchangeToken(request: ExchangeRequest): Promise<IssuedToken> {
  const { caller, subjectToken, scopes } = request;
  const { subject, actors, jti, ancestors, expiresAt } = subjectToken;
  refuseForbidden(request);
  refuseChain(subjectToken);
  refuseWidened(request);
  const delegation = {
    subject,
    actors: [caller.spiffeId, ...actors],
    ancestors: [jti, ...ancestors],
    expiresAt,
  };
  return issueToken({ ...request, scopes: scopes.length > 0 ? scopes : [...subjectToken.scopes], delegation });
}

function refuseForbidden({ grants, caller, subjectToken, audience }: ExchangeRequest): void {
  const { name } = caller.spiffeId;
  // Who runs the fleet does so in person: nobody who is in between could be told from him in what is done.
  if (audience === AdminService.name) throw denial("ACTOR_NOT_ALLOWED", "operators act for themselves");
  const [first, ...more] = subjectToken.audiences;
  if (first === undefined || more.length > 0) throw invalid("The token is not for exactly one service.");
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
  throw denial("ACTOR_CHAIN_TOO_LONG", `at most ${maximumActors} are allowed; call for the bot before instead`);
}

function refuseWidened({ subjectToken, scopes }: ExchangeRequest): void {
  const wider = scopes.filter((scope) => !subjectToken.scopes.has(scope));
  if (wider.length === 0) return;
  const held = [...subjectToken.scopes].sort().join(" ");
  throw denial("SCOPE_WIDENED", `ask for some of "${held}"`, { needed: wider.join(" "), held });
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
