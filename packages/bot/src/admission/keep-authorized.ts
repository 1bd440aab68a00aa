import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import type { Bearer } from "./bearer.js";
import { bearerFault } from "./bearer-fault.js";
import type { Caller } from "./caller.js";
import type { Connection, OpenCall } from "./connection.js";

/** An open stream whose token can be replaced. */
export interface RenewableCall extends OpenCall {
  readonly caller: Caller;
  /** The token that authorizes the stream now. */
  bearer: Bearer | undefined;
  /** Ends the watch over the token; to be called when the stream ends. */
  stopWatching: (() => void) | undefined;
}

/**
 * Keeps a stream authorized after its token expires. Another token takes its place that the peer has shown on the
 * connection meanwhile: for the same service, with the scopes of the method, and of the same caller. Without one, the
 * stream ends with `TOKEN_EXPIRED`.
 */
export function keepAuthorized(call: RenewableCall, { bearers }: Connection, trust: Trust, clock: Clock): void {
  const { method, service } = call;

  // A peer that acts for many bots shows the tokens of all of them on one connection.
  function sameCaller({ caller: { spiffeId, actors } }: Bearer): boolean {
    const { caller } = call;
    return (
      spiffeId.uri === caller.spiffeId.uri &&
      actors.length === caller.actors.length &&
      actors.every(({ uri }, i) => uri === caller.actors[i]?.uri)
    );
  }

  function watch({ token }: Bearer): void {
    call.stopWatching = setAlarm(clock, token.expiresAt, () => {
      const next = successor();
      if (!next) return call.end(denial("TOKEN_EXPIRED"));
      call.bearer = next;
      watch(next);
    });
  }

  function successor(): Bearer | undefined {
    const now = clock.now();
    return [...bearers.values()].find(
      (bearer) =>
        sameCaller(bearer) &&
        bearer.token.audiences.has(service) &&
        method.policy.scopes.every((scope) => bearer.token.scopes.has(scope)) &&
        bearerFault(bearer, trust, now) === undefined,
    );
  }

  if (call.bearer) watch(call.bearer);
}
