import { decodeJwt } from "jose";
import { setAlarm } from "../alarm.js";
import type { Clock } from "../clock.js";
import { showToken } from "../token/authorization.js";
import type { Channel } from "./channel.js";

/** Keeps the streams of a channel authorised. */
export interface TokenKeeper {
  /** A stream has begun on `channel`, with this `authorization`. */
  watch(channel: Channel, authorization: string): void;
}

// Every server of a fleet has it, any bot may call it, and a token that comes along is kept for the connection.
const path = "/grpc.health.v1.Health/Check";
const nothing = Buffer.alloc(0);
const bytes = (buffer: Buffer) => buffer;

/**
 * Shows each new token on a channel before the last one runs out, for as long as calls are open on it: a server ends a
 * stream whose token has run out. `authorization` gives the token for a channel, as a {@link TokenSource} does.
 */
export function createTokenKeeper(
  authorization: (channel: Channel) => string | Promise<string>,
  clock: Clock,
): TokenKeeper {
  const watched = new WeakSet<Channel>();

  function schedule(channel: Channel, shown: string): void {
    const left = expiryOf(shown) - clock.now();
    // A token source renews when a fifth of the life is left, in the background: so ask, and ask again.
    if (left > 0) setAlarm(clock, clock.now() + Math.max(100, left * 0.85), () => void renew(channel, shown));
    else watched.delete(channel);
  }

  async function renew(channel: Channel, shown: string): Promise<void> {
    if (!channel.inUse) return void watched.delete(channel);
    const next = await Promise.resolve(authorization(channel)).catch(() => shown);
    if (next !== shown) show(channel, next);
    schedule(channel, next);
  }

  function show(channel: Channel, value: string): void {
    const metadata = showToken(value);
    const options = { deadline: clock.now() + 10_000 };
    // Whatever is answered: a server of another kind may know nothing of it, and ends no streams either.
    const call = channel.client.makeUnaryRequest(path, bytes, bytes, nothing, metadata, options, () => {});
    channel.heed(call, value);
  }

  return {
    watch(channel, value) {
      if (watched.has(channel)) return;
      watched.add(channel);
      schedule(channel, value);
    },
  };
}

/** Milliseconds since the epoch; 0 for a token that does not say. */
function expiryOf(authorization: string): number {
  try {
    return (decodeJwt(authorization.replace(/^Bearer /, "")).exp ?? 0) * 1_000;
  } catch {
    return 0; // Another issuer's opaque token.
  }
}
