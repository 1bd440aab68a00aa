import { decodeJwt } from "jose";
import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { showToken } from "../token/authorization.js";
import type { Channel } from "./channel.js";
import { checkIn } from "./check-in.js";

/** Keeps the streams of channels authorized. */
export interface TokenKeeper {
  /** Starts to renew `authorization` on `channel`, where a stream has begun with it. */
  watch(channel: Channel, authorization: string): void;
  /** Starts anew on a channel that rests on another certificate now: the token shown before is bound to the one before. */
  again(channel: Channel): void;
}

/**
 * Shows each new token on a channel before the last one expires, for as long as calls are open on it: a server ends a stream
 * whose token has expired. `authorization` gives the token for a channel, as a `TokenSource` does.
 */
export function createTokenKeeper(
  authorization: (channel: Channel) => string | Promise<string>,
  clock: Clock,
): TokenKeeper {
  const watches = new WeakMap<Channel, Watch>();

  function begin(channel: Channel, shown: string): Watch {
    watches.get(channel)?.cancel();
    const watch = { shown, cancel: () => {} };
    watches.set(channel, watch);
    return watch;
  }

  function schedule(channel: Channel, watch: Watch): void {
    const left = expiryOf(watch.shown) - clock.now();
    // A token source renews in the background when a fifth of the life is left, so the next request gets the new token.
    const wait = left > 0 ? Math.max(100, left * 0.85) : retryMs;
    watch.cancel = setAlarm(clock, clock.now() + wait, () => void renew(channel, watch));
  }

  async function renew(channel: Channel, watch: Watch): Promise<void> {
    const next = channel.inUse ? await tokenFor(channel) : undefined;
    if (watches.get(channel) !== watch) return; // Another watch has begun meanwhile.
    if (!channel.inUse) return void watches.delete(channel);
    if (next !== undefined && next !== watch.shown) {
      watch.shown = next;
      show(channel, next);
    }
    schedule(channel, watch);
  }

  function show(channel: Channel, token: string): void {
    checkIn(channel, showToken(token), token).catch(() => {
      // Refused, perhaps because the channel rests on another certificate now, which needs another token.
      const watch = watches.get(channel);
      if (watch?.shown === token) schedule(channel, begin(channel, ""));
    });
  }

  async function tokenFor(channel: Channel): Promise<string | undefined> {
    try {
      return await authorization(channel);
    } catch {
      return undefined;
    }
  }

  return {
    watch(channel, value) {
      if (!watches.has(channel)) schedule(channel, begin(channel, value));
    },
    again(channel) {
      if (watches.has(channel)) void renew(channel, begin(channel, ""));
    },
  };
}

interface Watch {
  /** The token that was shown last; empty while no token is good. */
  shown: string;
  cancel(): void;
}

/** The wait before a token that could not be had is requested again, in milliseconds. */
const retryMs = 500;

/** The expiry of a token, in milliseconds since the epoch; `Infinity` for one that does not say. */
function expiryOf(authorization: string): number {
  if (authorization === "") return 0;
  try {
    return (decodeJwt(authorization.replace(/^Bearer /, "")).exp ?? Number.POSITIVE_INFINITY) * 1_000;
  } catch {
    return Number.POSITIVE_INFINITY; // An opaque token of another issuer.
  }
}
