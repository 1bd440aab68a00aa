import { InterlockError } from "@interlock/bot";
import {
  actClaim,
  approvalClaim,
  delegationClaim,
  methodsClaim,
  narrowedClaim,
  type VerifiedToken,
} from "@interlock/bot/internal";
import type { SpiffeId } from "@interlock/policy";
import { grantedScopes } from "@interlock/policy/grants";
import type { GrantStore } from "../grants/grant-store.js";
import { paths } from "./paths.js";
import { required } from "./read-form.js";
import type { Route } from "./route.js";
import type { ClientEndpoint } from "./token-route.js";

/**
 * The scope with which a bot may introspect tokens for a service. It is granted at that service, like any other scope.
 */
export const introspectScope = "token:introspect";

/** What the introspection endpoint works with. */
export interface IntrospectionEndpoint extends ClientEndpoint {
  readonly grants: GrantStore;
  readonly issuer: string;
}

/**
 * Creates the introspection endpoint (RFC 7662), which says whether a token is valid now, and for what. A bot may ask
 * about its own tokens, those with which it acts, and those for a service at which it is granted `token:introspect`.
 * For any other token, and for an invalid one, the answer is only `active: false` (section 2.2).
 */
export function introspectionRoute({ tokenIssuer, authenticate, grants, issuer }: IntrospectionEndpoint): Route {
  function mayKnow({ name, uri }: SpiffeId, { subject, actors, audiences }: VerifiedToken): boolean {
    if ([subject, ...actors].some((party) => party.uri === uri)) return true;
    const held = [...audiences].map((service) => grantedScopes(grants.current(), name, service));
    return held.length > 0 && held.every((scopes) => scopes.has(introspectScope));
  }

  return {
    method: "POST",
    path: paths.introspection,
    async handle(request) {
      const { spiffeId } = authenticate(request);
      const token = await tokenIssuer.inspect(required(request.form, "token")).catch(refused);
      const active = token !== undefined && mayKnow(spiffeId, token);
      return { status: 200, body: active ? { active, ...claimsOf(token, issuer) } : { active } };
    },
  };
}

/** Returns the claims of a valid token (RFC 7662, section 2.2; RFC 8705, section 3.2), with everything that limits its scopes. */
function claimsOf(token: VerifiedToken, issuer: string): object {
  const { jti, subject, actors, audiences, scopes, narrowed, issuedAt, expiresAt, thumbprint } = token;
  const { delegation, methods, approval } = token;
  const [audience, ...more] = audiences;
  return {
    iss: issuer,
    sub: subject.uri,
    aud: more.length === 0 ? audience : [...audiences],
    client_id: (actors[0] ?? subject).uri,
    scope: [...scopes].join(" "),
    ...(narrowed.size > 0 && { [narrowedClaim]: Object.fromEntries(narrowed) }),
    ...(delegation !== undefined && { [delegationClaim]: delegation }),
    ...(methods && { [methodsClaim]: [...methods] }),
    ...(approval && { [approvalClaim]: approval }),
    token_type: "Bearer",
    jti,
    iat: issuedAt / 1_000,
    exp: expiresAt / 1_000,
    cnf: { "x5t#S256": thumbprint },
    ...actClaim(actors),
  };
}

function refused(error: unknown): undefined {
  if (error instanceof InterlockError && error.code !== "INTERNAL") return undefined;
  throw error;
}
