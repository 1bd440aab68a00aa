import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import type { Clock, Identity } from "@interlock/bot";
import { actClaim } from "@interlock/bot/internal";
import type { SpiffeId } from "@interlock/policy";

/** How long a token is valid, in milliseconds. */
export const tokenLifetimeMs = 300_000;

/** What a token says. */
export interface TokenContent {
  /** The bot that shows it, whose certificate it is bound to. */
  readonly holder: Identity;
  /** The bot whose scopes it has. */
  readonly caller: SpiffeId;
  /** The bots that act for the caller, `holder` first; empty where the caller shows it itself. */
  readonly actors: readonly SpiffeId[];
  /** The full name of a service. */
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** Signs tokens, as an authority does. */
export interface TokenSigner {
  /** The public key by which they are verified. */
  readonly jwk: object;
  /** Signs one that begins now. `expiresAt` is in milliseconds since the epoch. */
  sign(content: TokenContent): { readonly token: string; readonly expiresAt: number };
}

/** Makes a signer with a key of its own: RFC 9068, ES256, the form that `verifyToken` of `@interlock/bot` takes. */
export function createTokenSigner(issuer: string, clock: Clock): TokenSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const head = encode({ alg: "ES256", typ: "at+jwt", kid: "testing" });
  return {
    jwk: { ...publicKey.export({ format: "jwk" }), kid: "testing", alg: "ES256" },
    sign({ holder, caller, actors, audience, scopes }) {
      const iat = Math.floor(clock.now() / 1_000);
      const exp = iat + tokenLifetimeMs / 1_000;
      const body = encode({
        iss: issuer,
        aud: audience,
        sub: caller.uri,
        iat,
        exp,
        jti: randomUUID(),
        scope: scopes.join(" "),
        cnf: { "x5t#S256": holder.leaf.thumbprint },
        ...actClaim(actors),
      });
      const signature = sign("sha256", Buffer.from(`${head}.${body}`), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return { token: `${head}.${body}.${signature.toString("base64url")}`, expiresAt: exp * 1_000 };
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
