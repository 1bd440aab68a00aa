import { X509Certificate } from "node:crypto";
import type { Trust, TrustState } from "@interlock/bot";
import { paths } from "./paths.js";
import { cacheable, type Route } from "./route.js";

/**
 * Creates the routes of the token keys (RFC 7517, section 5) and of the SPIFFE bundle, for clients outside the fleet.
 */
export function keyRoutes(trust: Trust): readonly Route[] {
  // A new key is published for that time before it signs. A client that caches for half of it has the key in time.
  const seconds = () => Math.max(1, Math.floor(trust.state.staleAfterMs / 2_000));
  return [
    {
      method: "GET",
      path: paths.jwks,
      handle: () => cacheable(trust.state.jwks, seconds(), "application/jwk-set+json"),
    },
    { method: "GET", path: paths.bundle, handle: () => cacheable(spiffeBundle(trust.state, seconds()), seconds()) },
  ];
}

/**
 * Returns the bundle of a trust domain (SPIFFE Trust Domain and Bundle, section 4): the CA certificates and the token
 * keys, each as a JWK with its use. `refreshSeconds` is how often a client should fetch it.
 */
export function spiffeBundle({ version, caCertificates, jwks }: TrustState, refreshSeconds: number): object {
  const authorities = caCertificates.map((der) => ({
    ...new X509Certificate(der).publicKey.export({ format: "jwk" }),
    use: "x509-svid",
    x5c: [Buffer.from(der).toString("base64")],
  }));
  const keys = jwks.keys.map(({ kty, crv, x, y, kid }) => ({ kty, crv, x, y, kid, use: "jwt-svid" }));
  return {
    keys: [...authorities, ...keys],
    spiffe_sequence: Number(version),
    spiffe_refresh_hint: refreshSeconds,
  };
}
