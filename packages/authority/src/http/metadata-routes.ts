import { paths } from "./paths.js";
import { cacheable, type Route } from "./route.js";
import { exchangeGrant } from "./token-route.js";

/**
 * Creates the routes of the server metadata at the paths of RFC 8414, section 3, and OpenID Connect Discovery, section
 * 4. There are no users and no ID tokens; the fields that OpenID requires for them say that there are none.
 */
export function metadataRoutes(issuer: string): readonly Route[] {
  const answer = cacheable(metadata(issuer), 300);
  return ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"].map((path) => ({
    method: "GET",
    path,
    handle: () => answer,
  }));
}

/** Returns the server metadata (RFC 8414, section 2; RFC 8705, sections 3.3 and 5). */
export function metadata(issuer: string): object {
  const endpoints = {
    token_endpoint: issuer + paths.token,
    revocation_endpoint: issuer + paths.revocation,
    introspection_endpoint: issuer + paths.introspection,
  };
  const methods = ["tls_client_auth"];
  return {
    issuer,
    ...endpoints,
    jwks_uri: issuer + paths.jwks,
    grant_types_supported: ["client_credentials", exchangeGrant],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods,
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: endpoints,
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}
