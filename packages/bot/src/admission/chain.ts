import { isFederatedName, type Rate, type SpiffeId } from "@interlock/policy";
import { type CreateRateLimiter, createRateLimiter } from "../base/rate-limiter.js";
import type { Trust } from "../trust/trust.js";
import { accountOf } from "./account-of.js";
import type { Attempt } from "./attempt.js";
import { createAuthenticate } from "./authenticate.js";
import { createAuthorize } from "./authorize.js";
import type { Bearer } from "./bearer.js";
import type { Caller } from "./caller.js";
import { type Chargeable, chargedTo } from "./charged-to.js";
import { createIdentify } from "./identify.js";
import { createLimitFlood, defaultCallerRate, strayRate } from "./limit-flood.js";
import { createLimitRate } from "./limit-rate.js";
import { limitToken } from "./limit-token.js";
import { createPatience } from "./patience.js";
import { createRefuseEnded } from "./refuse-ended.js";
import { createRefuseFederated } from "./refuse-federated.js";
import { isGateway, requireGateway } from "./require-gateway.js";
import type { RefusingServer } from "./trust-stale.js";

/** That a call was admitted, and for whom. */
export interface Admission {
  readonly caller: Caller;
  /** The token that admitted it; absent for methods that are open to any bot. */
  readonly bearer: Bearer | undefined;
}

/**
 * Decides on a call: gives the admission, or throws or rejects with a denial. It answers at once where the token is known
 * on the connection already and the limiters are in memory.
 */
export interface Chain {
  (attempt: Attempt): Admission | Promise<Admission>;
  /**
   * Counts a stream that is no call, or cannot be served: as a call, and at a lower rate of its own. Throws or rejects with a
   * denial where the bot that it counts for (`chargedTo`) is over one of them; gives `undefined` where the limiters answered at once.
   */
  count(stream: Chargeable): Promise<void> | undefined;
}

/** How a {@link Chain} limits its callers, and the server that its denials name. */
export interface ChainOptions extends RefusingServer {
  /** How many calls of all methods one bot may make. Default: 2,000 a second, 4,000 at once. */
  readonly callerRate?: Rate | undefined;
  /** The paths of methods that bots of federated trust domains may call without being named by the policy. Default: none. */
  readonly openToFederated?: ReadonlySet<string> | undefined;
  /** Makes the limiters. Default: in the memory of this process, 10,000 keys each. */
  readonly createLimiter?: CreateRateLimiter | undefined;
}

/**
 * Makes the interceptor chain, in its order: identify → limit flood → refuse federated → refuse ended → require gateway →
 * authenticate → authorize → limit token → limit rate.
 *
 * @param trust - What the fleet trusts now.
 * @param options - How callers are limited.
 * @returns The chain.
 */
export function createChain(trust: Trust, options: ChainOptions = {}): Chain {
  const { callerRate = defaultCallerRate, createLimiter = (rate) => createRateLimiter(rate) } = options;
  const identify = createIdentify(trust);
  const patience = createPatience();
  const limitFlood = createLimitFlood(callerRate, createLimiter(callerRate, "caller"), patience);
  const domainRate = timesFour(callerRate);
  const limitOfDomain = createLimitFlood(
    domainRate,
    createRateLimiter(domainRate),
    patience,
    "calls a second, with all others of its trust domain",
  );
  const strays = createRateLimiter(strayRate);
  const limitStrays = createLimitFlood(strayRate, strays, patience, "calls a second that cannot be served");
  const refuseEnded = createRefuseEnded(trust);
  const refuseFederated = createRefuseFederated(trust, options.openToFederated);
  const { authenticate, remember, settled, check } = createAuthenticate(trust);
  const authorize = createAuthorize(trust, options);
  const limitRate = createLimitRate(createLimiter, patience);

  // A caller behind a gateway may make hundreds of calls before its token has been verified. Counted for the gateway, they would use
  // up what the others need for the first calls of their tokens: so only the first one is, and these wait until it is known whose
  // they are.
  function admit(attempt: Attempt): Admission | Promise<Admission> {
    identify(attempt);
    const pending = settled(attempt);
    if (pending === undefined) return withinFlood(attempt);
    return pending.then(() => {
      identify(attempt); // The peer may have been revoked while the chain waited; so below.
      return withinFlood(attempt);
    });
  }

  function withinFlood(attempt: Attempt): Admission | Promise<Admission> {
    const charged = chargedTo(attempt, trust);
    // Without a token, nothing tells for whom a gateway calls. It has limited that bot itself.
    if (charged === attempt.connection.peer && isGateway(attempt)) return authenticated(attempt);
    limitDomain(attempt, charged);
    const limited = limitFlood(attempt, charged);
    if (limited === undefined) return authenticated(attempt);
    return limited.then(() => {
      identify(attempt);
      return authenticated(attempt);
    });
  }

  function count(stream: Chargeable): Promise<void> | undefined {
    const pending = settled(stream);
    return pending === undefined ? countNow(stream) : pending.then(() => countNow(stream));
  }

  function countNow(stream: Chargeable): Promise<void> | undefined {
    const charged = chargedTo(stream, trust);
    limitDomain(stream, charged);
    const limited = limitFlood(stream, charged);
    return limited === undefined ? limitStrays(stream, charged) : limited.then(() => limitStrays(stream, charged));
  }
  return Object.assign(admit, { count });

  /** A federated trust domain names as many bots as it likes, so the limits of each bound nothing. */
  function limitDomain(stream: Chargeable, id: SpiffeId): void {
    if (isFederatedName(id.name)) limitOfDomain(stream, { name: accountOf(id) }); // In memory, so it answers at once.
  }

  function authenticated(attempt: Attempt): Admission | Promise<Admission> {
    refuseFederated(attempt); // First: what has ended, and which gateways there are, is no secret within the fleet only.
    refuseEnded(attempt);
    requireGateway(attempt);
    if (attempt.method.policy.anyBot) {
      const verifying = remember(attempt);
      if (!verifying) return decide(attempt, { caller: peerOf(attempt), bearer: undefined });
      return verifying.then(() => {
        identify(attempt);
        return decide(attempt, { caller: peerOf(attempt), bearer: undefined });
      });
    }
    const bearer = authenticate(attempt);
    if (!(bearer instanceof Promise)) return decide(attempt, { caller: bearer.caller, bearer });
    return bearer.then((verified) => {
      identify(attempt);
      return decide(attempt, { caller: verified.caller, bearer: verified });
    });
  }

  function decide(attempt: Attempt, admission: Admission): Admission | Promise<Admission> {
    const { caller, bearer } = admission;
    authorize(attempt, caller);
    if (bearer) limitToken(attempt.method, bearer.token);
    const limited = limitRate(attempt, bearer ? caller : chargedTo(attempt, trust));
    if (limited === undefined) return admission;
    return limited.then(() => {
      identify(attempt);
      refuseEnded(attempt);
      if (bearer) check(bearer, attempt);
      authorize(attempt, caller);
      return admission;
    });
  }
}

function timesFour({ perSecond, burst }: Rate): Rate {
  return { perSecond: 4 * perSecond, burst: 4 * burst };
}

const noScopes: ReadonlySet<string> = new Set();

function peerOf({ connection }: Attempt): Caller {
  const { peer, certificate, address } = connection;
  return { spiffeId: peer, name: peer.name, actors: [], scopes: noScopes, certificate, address };
}
