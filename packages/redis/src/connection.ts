import { Redis } from "ioredis";
import { type Lease, leaseScript } from "./lease-script.js";
import type { Rate } from "./limit-key.js";
import type { RedisAddress } from "./redis-address.js";

/** A connection to Redis that is used until it ends; it is never opened again. */
export interface Connection {
  /** Takes `count` tokens from a bucket; gives back those of a number below 0. Rejects when Redis refuses, or has gone. */
  take(key: string, rate: Rate, count: number): Promise<Lease>;
  /** Calls `listener` once when the connection has ended by itself. */
  onEnd(listener: (error: Error) => void): void;
  /** Ends it at once. What is under way rejects. */
  destroy(): void;
}

/** How a connection is made. */
export interface ConnectionOptions {
  /** The CA certificates of a `rediss://` server, PEM. Default: those that Node trusts. */
  readonly ca?: string | Buffer | undefined;
  /** Milliseconds until Redis has to have accepted the connection and the log-in. */
  readonly connectMs: number;
}

/** Connects, logs in and loads the script. Rejects with an error that may be shown: see {@link withoutSecret}. */
export async function openConnection(address: RedisAddress, options: ConnectionOptions): Promise<Connection> {
  const { host, port, tls, username, password, db } = address;
  const redis = new Redis({
    host,
    port,
    username,
    password,
    db,
    ...(tls && { tls: options.ca === undefined ? {} : { ca: options.ca } }),
    protocol: 2,
    lazyConnect: true,
    connectTimeout: options.connectMs,
    disconnectTimeout: 100,
    retryStrategy: () => null,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  let failure: Error | undefined;
  redis.on("error", (error: Error) => {
    failure ??= error; // The first one says why; those after it only that there is no connection.
  });
  const timer = setTimeout(() => {
    failure ??= new Error(`the log-in took longer than ${options.connectMs} ms`);
    redis.disconnect();
  }, options.connectMs);
  let digest: string;
  try {
    await redis.connect();
    digest = (await redis.script("LOAD", leaseScript)) as string;
  } catch (error) {
    redis.disconnect();
    throw withoutSecret(failure ?? (error as Error), address);
  } finally {
    clearTimeout(timer);
  }
  return {
    async take(key, { perSecond, burst }, count) {
      try {
        const answer = await redis.evalsha(digest, 1, key, perSecond, burst, count);
        const [granted, waitMs] = answer as [number, number];
        return { granted, waitMs };
      } catch (error) {
        throw withoutSecret(error as Error, address);
      }
    },
    onEnd: (listener) =>
      void redis.once("end", () => listener(withoutSecret(failure ?? new Error("the connection has ended"), address))),
    destroy: () => redis.disconnect(),
  };
}

/** An error with a text of one line, in which the password does not stand. */
function withoutSecret({ message }: Error, { password }: RedisAddress): Error {
  const line = message.replace(/\s+/g, " ").slice(0, 200);
  if (password === undefined) return new Error(line);
  return new Error(line.replaceAll(password, "***").replaceAll(encodeURIComponent(password), "***"));
}
