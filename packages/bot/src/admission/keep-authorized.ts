import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial } from "../base/error.js";
import { utcDayOf } from "../base/utc-day.js";
import type { Trust } from "../trust/trust.js";
import type { Bearer } from "./bearer.js";
import { bearerFault } from "./bearer-fault.js";
import type { Caller } from "./caller.js";
import { conditionsOf, holdsScope } from "./conditions.js";
import type { Connection, OpenCall } from "./connection.js";
import { methodName } from "./limit-token.js";
import { methodSunset, sunsetOf } from "./refuse-ended.js";

/** An open stream whose token can be replaced. */
export interface RenewableCall extends OpenCall {
  readonly caller: Caller;
  /** The token that authorizes the stream now. */
  bearer: Bearer | undefined;
  /** Counts the stream again, on another day. */
  count(at: number): void;
  /** Ends the watch over the token and the sunset; to be called when the stream ends. */
  stopWatching: (() => void) | undefined;
}

/**
 * Keeps a stream authorized after its token expires. Another token takes its place that the peer has shown on the
 * connection meanwhile: for the same service, with the scopes of the method, and of the same caller. Without one, the
 * stream ends with `TOKEN_EXPIRED`. At the sunset of its method, it ends with `METHOD_SUNSET`.
 *
 * A stream that is open for days is counted on each of them, in UTC, so that its method does not seem unused.
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

  // A stream under a delegation goes on under the same one, for methods that are in it. What was approved is one call, which
  // the token has begun: another one of the same delegation keeps it.
  function continues({ token: { delegation, methods } }: Bearer): boolean {
    return delegation === call.caller.delegation && (methods === undefined || methods.has(methodName(method.path)));
  }

  function watch({ token }: Bearer): void {
    stopWatch = setAlarm(clock, token.expiresAt, () => {
      const next = successor();
      if (!next) return call.end(denial("TOKEN_EXPIRED"));
      call.bearer = next;
      countDay();
      watch(next);
    });
  }

  let nextDay = utcDayOf(clock.now()).end;

  function countDay(): void {
    const now = clock.now();
    if (now < nextDay) return;
    nextDay = utcDayOf(now).end;
    call.count(now);
  }

  /** For a stream without a token. */
  function watchDays(): void {
    stopWatch = setAlarm(clock, nextDay, () => {
      countDay();
      watchDays();
    });
  }

  function successor(): Bearer | undefined {
    const now = clock.now();
    // What has been asked for was held against these; a token with others is for another call.
    const conditions = new Set(call.bearer && conditionsOf(method, call.bearer.token));
    return [...bearers.values()].find(
      (bearer) =>
        sameCaller(bearer) &&
        bearer.token.audiences.has(service) &&
        method.policy.scopes.every((scope) => holdsScope(bearer.token, scope)) &&
        conditionsOf(method, bearer.token).every((condition) => conditions.has(condition)) &&
        continues(bearer) &&
        bearerFault(bearer, trust, now) === undefined,
    );
  }

  let stopWatch: (() => void) | undefined;
  let stopSunset: (() => void) | undefined;
  const sunset = sunsetOf(method.policy);
  if (sunset < Number.POSITIVE_INFINITY)
    stopSunset = setAlarm(clock, sunset, () => call.end(methodSunset(method.policy)));
  if (call.bearer) watch(call.bearer);
  else watchDays();
  call.stopWatching = () => {
    stopWatch?.();
    stopSunset?.();
  };
}
