import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial } from "../base/error.js";
import type { LiveCall } from "../server/live-call.js";
import type { Trust } from "../trust/trust.js";
import type { Bearer } from "./bearer.js";
import { bearerFault } from "./bearer-fault.js";
import type { Connection } from "./connection.js";

/**
 * Holds a stream to its token. When that runs out, another takes its place that the peer has shown on the connection
 * meanwhile, for the same service, with the scopes of the method, and of the same caller; where there is none, the
 * stream ends with `TOKEN_EXPIRED`.
 */
export function keepAuthorized(call: LiveCall, { bearers }: Connection, trust: Trust, clock: Clock): void {
  const { method, service } = call;

  // A peer that acts for many shows the tokens of all of them on one connection.
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
