import { decodeJwt } from "jose/jwt/decode";
import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { showToken } from "../token/authorization.js";
import type { Channel } from "./channel.js";
import { checkIn } from "./check-in.js";
import type { TokenNeed } from "./token-need.js";

/** Keeps the streams of channels authorized. */
export interface TokenKeeper {
  /**
   * Starts to renew `authorization` on `channel`, on which a stream has begun with it. Returns a function that is to be called
   * once, when the stream has ended.
   */
  watch(channel: Channel, need: TokenNeed, authorization: string): () => void;
  /** Starts again on a channel that has another certificate now: the tokens shown before are bound to the previous one. */
  again(channel: Channel): void;
}

/**
 * Shows each new token on a channel before the last one expires, for as long as streams with it are open: a server ends a
 * stream whose token has expired. `authorization` gives the token for a channel, as a `TokenSource` does.
 */
export function createTokenKeeper(
  authorization: (channel: Channel, need: TokenNeed) => string | Promise<string>,
  clock: Clock,
): TokenKeeper {
  // By the need of its streams; bounded by the different scopes of the methods of one service.
  const watches = new WeakMap<Channel, Map<string, Watch>>();

  function begin(channel: Channel, need: TokenNeed, shown: string): Watch {
    const ofChannel = watches.get(channel) ?? new Map<string, Watch>();
    watches.set(channel, ofChannel);
    const watch = { need, shown, streams: 0, renewal: 0, cancel: () => {} };
    ofChannel.set(need.key, watch);
    schedule(channel, watch);
    return watch;
  }

  function schedule(channel: Channel, watch: Watch): void {
    watch.cancel();
    const left = expiryOf(watch.shown) - clock.now();
    // A token source has renewed by then, so the next request gets the new token.
    const wait = left > 0 ? Math.max(100, left * 0.85) : retryMs;
    watch.cancel = setAlarm(clock, clock.now() + wait, () => void renew(channel, watch));
  }

  async function renew(channel: Channel, watch: Watch): Promise<void> {
    const renewal = ++watch.renewal;
    const next = watch.streams > 0 ? await tokenFor(channel, watch.need) : undefined;
    if (watch.renewal !== renewal) return; // Another renewal has begun meanwhile.
    if (watch.streams === 0) return end(channel, watch);
    if (next !== undefined && next !== watch.shown) {
      watch.shown = next;
      show(channel, watch, next);
    }
    schedule(channel, watch);
  }

  function end(channel: Channel, watch: Watch): void {
    watch.cancel();
    watches.get(channel)?.delete(watch.need.key);
  }

  function show(channel: Channel, watch: Watch, token: string): void {
    checkIn(channel, showToken(token), token).catch(() => {
      // Refused, perhaps because the channel has another certificate now, which needs another token.
      if (watch.shown !== token || watch.streams === 0) return;
      watch.shown = "";
      watch.renewal++;
      schedule(channel, watch);
    });
  }

  async function tokenFor(channel: Channel, need: TokenNeed): Promise<string | undefined> {
    try {
      return await authorization(channel, need);
    } catch {
      return undefined;
    }
  }

  return {
    watch(channel, need, value) {
      const watch = watches.get(channel)?.get(need.key) ?? begin(channel, need, value);
      watch.streams++;
      // The alarm goes on: the next stream, which may begin soon, needs no new one.
      return () => void watch.streams--;
    },
    again(channel) {
      for (const watch of [...(watches.get(channel)?.values() ?? [])]) {
        watch.shown = "";
        watch.cancel();
        void renew(channel, watch);
      }
    },
  };
}

interface Watch {
  readonly need: TokenNeed;
  /** The token that was shown last; empty while no token is valid. */
  shown: string;
  /** The open streams that need it. */
  streams: number;
  /** Counts the renewals, so that one that was overtaken is told. */
  renewal: number;
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
