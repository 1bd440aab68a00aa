import { InterlockError } from "@interlock/bot";
import { createRateLimiter, type VerifiedToken } from "@interlock/bot/internal";
import { refuseLimited } from "../refuse-limited.js";
import { oauthError } from "./oauth-error.js";
import { paths } from "./paths.js";
import { required } from "./read-form.js";
import type { HttpRequest, Route } from "./route.js";
import type { ClientEndpoint } from "./token-route.js";

/** What the revocation endpoint works with. */
export interface RevocationEndpoint extends ClientEndpoint {
  /** Revokes a token until it expires, and tells every bot. */
  revokeToken(token: Pick<VerifiedToken, "jti" | "expiresAt">, by: string): Promise<unknown>;
}

/** How many tokens one bot may revoke. Every bot of the fleet receives each revocation and keeps it for minutes. */
const rate = { perSecond: 1, burst: 30 };

/**
 * Creates the revocation endpoint (RFC 7009): a bot revokes its own token, at once and everywhere. Its own tokens are
 * those that it may use, and those with which other bots act for it. An invalid token is not an error (section 2.2).
 */
export function revocationRoute({ tokenIssuer, authenticate, revokeToken }: RevocationEndpoint): Route {
  const limiter = createRateLimiter(rate);
  return {
    method: "POST",
    path: paths.revocation,
    async handle(request: HttpRequest) {
      const { spiffeId } = authenticate(request);
      const token = await inspect(required(request.form, "token"));
      if (!token) return { status: 200 };
      const { subject, actors } = token;
      if (![subject, actors[0]].some((owner) => owner?.uri === spiffeId.uri)) {
        throw oauthError("unauthorized_client", "The token belongs to another bot: ask an operator to revoke it.");
      }
      refuseLimited(await limiter.take(spiffeId.uri, request.now));
      await revokeToken(token, spiffeId.uri);
      return { status: 200 };
    },
  };

  async function inspect(token: string): Promise<VerifiedToken | undefined> {
    try {
      return await tokenIssuer.inspect(token);
    } catch (error) {
      if (error instanceof InterlockError && error.code !== "INTERNAL") return undefined;
      throw error;
    }
  }
}
