import type { Trust } from "@interlock/bot";
import { type Connection, createIdentify, denial } from "@interlock/bot/internal";
import { oauthError } from "./oauth-error.js";
import { parameter } from "./read-form.js";
import type { HttpRequest } from "./route.js";

/** An authenticated client: its SPIFFE ID and its certificate. */
export interface AuthenticatedClient extends Pick<Connection, "certificate"> {
  readonly spiffeId: Connection["peer"];
}

/** Parameters of other authentication methods, which are not supported. */
const otherMethods = ["client_secret", "client_assertion", "client_assertion_type"];

/**
 * Creates the check of `tls_client_auth` (RFC 8705, section 2.1): the identity of the client is the SPIFFE ID in its
 * certificate, and `client_id` must be the same. The certificate was verified when the connection was made; expiry and
 * revocation are checked for every request, as for every gRPC call.
 *
 * The returned function throws `invalid_client`, or a denial that is answered as `invalid_client`.
 */
export function createAuthenticateClient(trust: Trust) {
  const identify = createIdentify(trust);
  return function authenticateClient({ peer, form, now }: HttpRequest): AuthenticatedClient {
    if (!peer) throw denial("NO_CERTIFICATE", "connect with a certificate of this fleet");
    identify({ connection: peer, now });
    const { peer: spiffeId, certificate } = peer;
    if (otherMethods.some((name) => form.has(name))) {
      throw oauthError("invalid_client", "Clients authenticate only with their certificate: use tls_client_auth.");
    }
    if (parameter(form, "client_id") !== spiffeId.uri) {
      throw oauthError("invalid_client", "client_id must be the SPIFFE ID in the client's certificate.");
    }
    return { spiffeId, certificate };
  };
}
