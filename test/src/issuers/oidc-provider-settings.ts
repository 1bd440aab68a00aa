import type { TLSSocket } from "node:tls";
import { type ClientMetadata, type Configuration, errors, type KoaContextWithOIDC } from "oidc-provider";

/** The scopes that each client is granted at each service: client_id, name of the service, scopes. */
export type Grants = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const prefix = "https://cafe.example/"; // The resourcePrefix of fromIssuer.
const tlsOf = (ctx: KoaContextWithOIDC) => ctx.req.socket as TLSSocket;

/** Whether the certificate of a connection names `uri` among its subject alternative names. */
function names(ctx: KoaContextWithOIDC, uri: string): boolean {
  const { subjectAltName = "" } = tlsOf(ctx).getPeerX509Certificate() ?? {};
  return subjectAltName.split(", ").includes(`URI:${uri}`);
}

/** The settings with which oidc-provider gives tokens to bots. docs/issuers.md quotes this function and the next. */
export function settings(grants: Grants, alg: "RS256" | "ES256"): Configuration {
  return {
    clientAuthMethods: ["tls_client_auth"],
    clientDefaults: { id_token_signed_response_alg: alg },
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => tlsOf(ctx).getPeerX509Certificate(),
        certificateAuthorized: (ctx) => tlsOf(ctx).authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === "tls_client_auth_san_uri" && names(ctx, expected),
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource, client) {
          const service = resource.startsWith(prefix) ? resource.slice(prefix.length) : "";
          const granted = grants[client.clientId]?.[service];
          if (!granted) throw new errors.InvalidTarget("this client is granted nothing there");
          return {
            audience: service,
            scope: granted.join(" "),
            accessTokenFormat: "jwt",
            jwt: { sign: { alg } },
          };
        },
      },
    },
  };
}

/** A bot as a client: its certificate names it (RFC 8705, section 2.1.2), and its tokens are bound to that certificate. */
export function registered(spiffeId: string): ClientMetadata {
  return {
    client_id: spiffeId,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: "tls_client_auth",
    tls_client_auth_san_uri: spiffeId,
    tls_client_certificate_bound_access_tokens: true,
  };
}
