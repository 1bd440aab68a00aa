import { denial } from "../error.js";
import type { Connection } from "../server/connection.js";
import { authorizationOf, bearerToken } from "../token/authorization.js";
import type { Bearer } from "../token/bearer.js";
import { tokenFault } from "../token/token-fault.js";
import { verifyKnown } from "../token/verify-known.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";

/** How many verified tokens a connection keeps; one for each service that its peer calls here is plenty. */
const maximumBearers = 16;

/**
 * Finds the caller's token: verified once per connection, then looked up. What can change while a connection lives
 * (expiry, revocation) is compared on every call, and so is the audience, which differs from service to service.
 */
export function createAuthenticate(trust: Trust) {
  const verifying = new WeakMap<Connection, Map<string, Promise<Bearer>>>();

  return function authenticate(attempt: Attempt): Bearer | Promise<Bearer> {
    const authorization = authorizationOf(attempt.metadata);
    const bearer = attempt.connection.bearers.get(authorization);
    if (bearer) return check(bearer, attempt);
    return verifyOnce(authorization, attempt).then((verified) => check(verified, attempt));
  };

  function check(bearer: Bearer, { service, now }: Attempt): Bearer {
    const { token } = bearer;
    const fault = tokenFault(token, trust, now);
    if (fault) throw denial(fault);
    if (!token.audiences.has(service.name)) {
      throw denial("TOKEN_AUDIENCE", "", { needed: service.name, held: [...token.audiences].join(" ") });
    }
    return bearer;
  }

  // Many calls may come at once with a token that is new here; it is still verified once.
  function verifyOnce(authorization: string, attempt: Attempt): Promise<Bearer> {
    const { connection } = attempt;
    let pending = verifying.get(connection);
    if (!pending) verifying.set(connection, (pending = new Map()));
    let bearer = pending.get(authorization);
    if (!bearer) {
      bearer = verify(authorization, attempt).finally(() => pending.delete(authorization));
      pending.set(authorization, bearer);
    }
    return bearer;
  }

  async function verify(authorization: string, { connection, now }: Attempt): Promise<Bearer> {
    const { peer: spiffeId, certificate, address, bearers } = connection;
    const token = await verifyKnown(bearerToken(authorization), { spiffeId, certificate, now }, trust);
    const caller = { spiffeId, name: spiffeId.name, scopes: token.scopes, certificate, address };
    if (bearers.size >= maximumBearers) bearers.delete(bearers.keys().next().value as string);
    bearers.set(authorization, { token, caller });
    return { token, caller };
  }
}
