import { isScope, isServiceName } from "@interlock/policy";
import type { IssuedToken } from "../tokens/issue-token.js";
import type { TokenIssuer } from "../tokens/token-issuer.js";
import type { AuthenticatedClient } from "./authenticate-client.js";
import { oauthError } from "./oauth-error.js";
import { paths } from "./paths.js";
import { parameter, required } from "./read-form.js";
import type { HttpRequest, Route } from "./route.js";

/** The grant type of RFC 8693, section 2.1. */
export const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const tokenTypes: readonly string[] = [accessTokenType, "urn:ietf:params:oauth:token-type:jwt"];

type Form = HttpRequest["form"];
type Grant = (form: Form, client: AuthenticatedClient) => Promise<object>;

/** What the endpoints for clients work with. */
export interface ClientEndpoint {
  readonly tokenIssuer: TokenIssuer;
  authenticate(request: HttpRequest): AuthenticatedClient;
}

/** Creates the token endpoint (RFC 6749, section 3.2), for a bot's own tokens and for token exchange. */
export function tokenRoute({ tokenIssuer, authenticate }: ClientEndpoint): Route {
  const grants: Readonly<Record<string, Grant>> = {
    async client_credentials(form, client) {
      const scopes = readScopes(form);
      if (scopes.length === 0) throw oauthError("invalid_scope", "Name the scopes that you need.");
      return tokenBody(await tokenIssuer.issue(client, readAudience(form), scopes));
    },
    async [exchangeGrant](form, client) {
      checkTypes(form);
      const subjectToken = required(form, "subject_token");
      const issued = await tokenIssuer.exchange(client, subjectToken, readAudience(form), readScopes(form));
      return { ...tokenBody(issued), issued_token_type: accessTokenType };
    },
  };
  return {
    method: "POST",
    path: paths.token,
    async handle(request) {
      const client = authenticate(request);
      const type = required(request.form, "grant_type");
      const grant = Object.hasOwn(grants, type) ? grants[type] : undefined;
      if (!grant) throw oauthError("unsupported_grant_type", "Use client_credentials or token exchange.");
      return { status: 200, body: await grant(request.form, client) };
    },
  };
}

/**
 * Reads the service that the token is for: its full name as `audience`, or its URL as `resource` (RFC 8707), which for
 * gRPC is `https://<any host>/<full name>`. Throws `invalid_target`.
 */
export function readAudience(form: Form): string {
  const given = [...(form.get("audience") ?? []), ...(form.get("resource") ?? []).map(serviceOf)];
  const [audience, ...others] = new Set(given);
  if (audience === undefined || others.length > 0 || !isServiceName(audience)) {
    throw oauthError(
      "invalid_target",
      "Name one service: audience=cafe.gripper.v1.GripperService, or resource=https://host/cafe.gripper.v1.GripperService.",
    );
  }
  return audience;
}

function serviceOf(resource: string): string {
  // RFC 8707, section 2: an absolute URI without a fragment.
  if (!URL.canParse(resource) || resource.includes("#")) return "";
  return new URL(resource).pathname.slice(1);
}

/** Reads the requested scopes (RFC 6749, section 3.3); none without `scope`. Throws `invalid_scope`. */
export function readScopes(form: Form): readonly string[] {
  const scopes = parameter(form, "scope")?.split(" ") ?? [];
  if (!scopes.every(isScope)) throw oauthError("invalid_scope", "Write each scope as resource:action in lower case.");
  return scopes;
}

function checkTypes(form: Form): void {
  if (!tokenTypes.includes(required(form, "subject_token_type"))) {
    throw oauthError("invalid_request", `subject_token_type must be ${accessTokenType}.`);
  }
  if (!tokenTypes.includes(parameter(form, "requested_token_type") ?? accessTokenType)) {
    throw oauthError("invalid_request", `requested_token_type must be ${accessTokenType}.`);
  }
  if (form.has("actor_token") || form.has("actor_token_type")) {
    throw oauthError("invalid_request", "The actor is the client, by its certificate: send no actor_token.");
  }
}

/** Returns the body of a successful answer (RFC 6749, section 5.1). */
function tokenBody({ token, scopes, expiresAt, issuedAt }: IssuedToken): object {
  return {
    access_token: token,
    token_type: "Bearer",
    expires_in: Math.floor((expiresAt - issuedAt) / 1_000),
    scope: scopes.join(" "),
  };
}
