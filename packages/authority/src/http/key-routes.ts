import type { Trust } from "@interlock/bot";
import { formatTrustBundle } from "../federation/format-trust-bundle.js";
import { paths } from "./paths.js";
import { cacheable, type Route } from "./route.js";

/**
 * Creates the routes of the token keys (RFC 7517, section 5), and of the trust bundle, for clients outside the fleet. The second is
 * the bundle endpoint of the trust domain (SPIFFE Federation, section 5): nobody needs a certificate for it.
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
    {
      method: "GET",
      path: paths.bundle,
      handle() {
        const { version: sequence, caCertificates } = trust.state;
        return cacheable(formatTrustBundle({ caCertificates, sequence }), seconds());
      },
    },
  ];
}
