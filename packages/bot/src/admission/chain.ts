import type { Rate } from "@interlock/policy";
import type { Caller } from "../context.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";
import { createAuthenticate } from "./authenticate.js";
import { createAuthorize } from "./authorize.js";
import type { Bearer } from "./bearer.js";
import { createIdentify } from "./identify.js";
import { createLimitFlood, defaultCallerRate } from "./limit-flood.js";
import { createLimitRate } from "./limit-rate.js";

/** A call that was let in. */
export interface Admission {
  readonly caller: Caller;
  /** The token that admitted it; absent for methods open to any bot. */
  readonly bearer: Bearer | undefined;
}

/** Decides on a call: gives the admission, at once where a token is known already, or throws a denial. */
export type Chain = (attempt: Attempt) => Admission | Promise<Admission>;

/** The interceptor chain, in its order: identify → limit flood → authenticate → authorize → limit rate. */
export function createChain(trust: Trust, callerRate: Rate = defaultCallerRate): Chain {
  const identify = createIdentify(trust);
  const limitFlood = createLimitFlood(callerRate);
  const { authenticate, remember } = createAuthenticate(trust);
  const authorize = createAuthorize(trust);
  const limitRate = createLimitRate();

  return function admit(attempt) {
    identify(attempt);
    limitFlood(attempt);
    if (attempt.method.policy.anyBot) {
      const letIn = () => decide(attempt, { caller: peerOf(attempt), bearer: undefined });
      const verifying = remember(attempt);
      if (!verifying) return letIn();
      return verifying.then(() => {
        identify(attempt); // As below.
        return letIn();
      });
    }
    const bearer = authenticate(attempt);
    if (!(bearer instanceof Promise)) return decide(attempt, { caller: bearer.caller, bearer });
    return bearer.then((verified) => {
      identify(attempt); // It may have been shut out while its token was verified.
      return decide(attempt, { caller: verified.caller, bearer: verified });
    });
  };

  function decide(attempt: Attempt, admission: Admission): Admission {
    authorize(attempt, admission.caller);
    limitRate(attempt, admission.caller);
    return admission;
  }
}

const noScopes: ReadonlySet<string> = new Set();

function peerOf({ connection }: Attempt): Caller {
  const { peer, certificate, address } = connection;
  return { spiffeId: peer, name: peer.name, actors: [], scopes: noScopes, certificate, address };
}
