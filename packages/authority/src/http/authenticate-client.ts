import type { Trust } from "@interlock/bot";
import { type Connection, createIdentify, denial } from "@interlock/bot/internal";
import { oauthError } from "./oauth-error.js";
import { parameter } from "./read-form.js";
import type { HttpRequest } from "./route.js";

/** A client that has proved who it is: its SPIFFE ID, and the certificate that it did so with. */
export interface AuthenticatedClient extends Pick<Connection, "certificate"> {
  readonly spiffeId: Connection["peer"];
}

/** Other ways to authenticate, none of which is taken here. */
const otherMethods = ["client_secret", "client_assertion", "client_assertion_type"];

/**
 * `tls_client_auth` (RFC 8705, section 2.1): the client is who its certificate says, which is its SPIFFE ID, and
 * `client_id` has to say the same. The certificate was checked when the connection was made; whether it may still be used
 * is looked up for every request, as it is for every call.
 *
 * The function throws `invalid_client`, or a denial that is answered as that.
 */
export function createAuthenticateClient(trust: Trust) {
  const identify = createIdentify(trust);
  return function authenticateClient({ peer, form, now }: HttpRequest): AuthenticatedClient {
    if (!peer) throw denial("NO_CERTIFICATE", "connect with a certificate of this fleet");
    identify({ connection: peer, now });
    const { peer: spiffeId, certificate } = peer;
    if (otherMethods.some((name) => form.has(name))) {
      throw oauthError("invalid_client", "Clients authenticate with their certificate alone: use tls_client_auth.");
    }
    if (parameter(form, "client_id") !== spiffeId.uri) {
      throw oauthError("invalid_client", "client_id has to be the SPIFFE ID of the client's certificate.");
    }
    return { spiffeId, certificate };
  };
}
