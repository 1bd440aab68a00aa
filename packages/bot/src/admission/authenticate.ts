import { denial, InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import { bearerToken } from "../token/authorization.js";
import { referenceTo } from "../token/reference.js";
import { verifyKnown } from "../token/verify-known.js";
import type { Trust } from "../trust/trust.js";
import { accountOf } from "./account-of.js";
import type { Attempt } from "./attempt.js";
import type { Bearer } from "./bearer.js";
import { bearerFault } from "./bearer-fault.js";
import type { Chargeable } from "./charged-to.js";
import type { Connection } from "./connection.js";
import { shownToken, showsToken } from "./shown-token.js";
import { createVerificationBudget } from "./verification-budget.js";

/**
 * How many verified tokens a connection keeps: one for each set of scopes that the methods need which its peer calls here, times
 * the bots it acts for.
 */
const maximumBearers = 64;

/** What the chain does with the token of a call. */
export interface Authenticate {
  /**
   * Finds the caller's token: verified once per connection, then looked up. What can change while a connection lives
   * (expiry, revocation) is compared on every call, and so is the audience, which differs from service to service.
   */
  authenticate(attempt: Attempt): Bearer | Promise<Bearer>;
  /**
   * Verifies the token of a call that needs none, if it shows one, and keeps it for the connection. This is how a peer
   * shows a new token for the streams that it has open.
   */
  remember(attempt: Attempt): Promise<unknown> | undefined;
  /**
   * Resolves once the token that a call shows has been verified or refused, where that is under way on its connection;
   * `undefined` where it is not.
   */
  settled(stream: Chargeable): Promise<unknown> | undefined;
  /** Compares a verified token with what can change, and gives it back. Throws a denial. */
  check(bearer: Bearer, attempt: Attempt): Bearer;
}

/** Makes the functions that authenticate callers by `trust`. */
export function createAuthenticate(trust: Trust): Authenticate {
  const budget = createVerificationBudget();
  const verifying = new WeakMap<Connection, Map<string, Promise<Bearer>>>();

  function remember(attempt: Attempt): Promise<unknown> | undefined {
    if (!showsToken(attempt)) return undefined;
    const shown = shownToken(attempt);
    return attempt.connection.bearers.has(shown) ? undefined : verifyOnce(shown, attempt);
  }

  function settled({ connection, authorization }: Chargeable): Promise<unknown> | undefined {
    const [shown] = authorization ?? [];
    const pending = shown === undefined ? undefined : verifying.get(connection)?.get(shown);
    return pending?.catch(() => {}); // The calls that wait for it are told by `authenticate`.
  }

  function authenticate(attempt: Attempt): Bearer | Promise<Bearer> {
    const shown = shownToken(attempt);
    const bearer = attempt.connection.bearers.get(shown);
    if (bearer) return check(bearer, attempt);
    return verifyOnce(shown, attempt).then((verified) => check(verified, attempt));
  }

  function check(bearer: Bearer, { service, now }: Attempt): Bearer {
    const fault = bearerFault(bearer, trust, now);
    if (fault) throw denial(fault);
    const { token } = bearer;
    if (!token.audiences.has(service)) {
      throw denial("TOKEN_AUDIENCE", "", { needed: service, held: [...token.audiences].join(" ") });
    }
    return bearer;
  }

  // Many calls may arrive at once with a token that is new here; it is still verified once.
  function verifyOnce(authorization: string, attempt: Attempt): Promise<Bearer> {
    if (attempt.references.length > 0) throw denial("TOKEN_NOT_SHOWN");
    const { connection } = attempt;
    let pending = verifying.get(connection);
    if (!pending) {
      pending = new Map();
      verifying.set(connection, pending);
    }
    let bearer = pending.get(authorization);
    if (!bearer) {
      const { connection, now } = attempt;
      const settle = budget.begin(accountOf(connection.peer), now);
      bearer = verify(authorization, attempt).finally(() => pending.delete(authorization));
      bearer.then(
        () => settle(false),
        (thrown: unknown) => settle(wasCostly(thrown)),
      );
      pending.set(authorization, bearer);
    }
    return bearer;
  }

  async function verify(authorization: string, { connection, now }: Attempt): Promise<Bearer> {
    const { peer: spiffeId, certificate, earlier, address, bearers } = connection;
    const token = await verifyKnown(bearerToken(authorization), { spiffeId, certificate, earlier, now }, trust);
    const { subject, name, actors, scopes, narrowed, delegation } = token;
    const caller = {
      spiffeId: subject,
      name,
      actors,
      scopes,
      ...(narrowed.size > 0 && { narrowed }),
      ...(delegation !== undefined && { delegation }),
      certificate,
      address,
    };
    if (bearers.size >= 2 * maximumBearers) forgetOldest(bearers);
    const reference = referenceTo(authorization);
    const bearer = { authorization, reference, token, caller, clearedBy: undefined };
    bearers.set(authorization, bearer).set(reference, bearer);
    return bearer;
  }

  return { authenticate, remember, settled, check };
}

/** Whether a token was refused after its signature had been looked at, as far as its reason tells. */
function wasCostly(thrown: unknown): boolean {
  return !(thrown instanceof InterlockError && cheap.has(thrown.reason ?? ""));
}

const cheap: ReadonlySet<string> = new Set<Reason>([
  "TOKEN_NOT_BEARER",
  "TOKEN_ALGORITHM",
  "TOKEN_HEADER",
  "TOKEN_TYPE",
  "TOKEN_KEY_UNKNOWN",
]);

function forgetOldest(bearers: Map<string, Bearer>): void {
  const [oldest] = bearers.values();
  if (!oldest) return;
  bearers.delete(oldest.authorization);
  bearers.delete(oldest.reference);
}
