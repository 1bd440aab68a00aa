import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTVerifyGetKey, SignJWT } from "jose";

/** The issuer of another organization, in memory. */
export interface ForeignIssuer {
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
  /** Issues a token for five minutes, or for what `claims` say. */
  token(subject: string, scope: string, claims?: { readonly aud?: string; readonly exp?: number }): Promise<string>;
}

/** Makes an issuer that stands for a partner's own, such as Keycloak or Entra ID. */
export async function foreignIssuer(issuer: string, audience: string): Promise<ForeignIssuer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "ES256", use: "sig" };
  return {
    issuer,
    keys: createLocalJWKSet({ keys: [jwk] }),
    token: (subject, scope, { aud = audience, exp } = {}) =>
      new SignJWT({ scope })
        .setProtectedHeader({ alg: "ES256", kid: "1", typ: "at+jwt" })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(aud)
        .setIssuedAt()
        .setExpirationTime(exp ?? "5m")
        .sign(privateKey),
  };
}
