/** The paths of the OAuth server, below the issuer. */
export const paths = {
  token: "/token",
  revocation: "/revoke",
  introspection: "/introspect",
  jwks: "/jwks",
  bundle: "/bundle",
} as const;
