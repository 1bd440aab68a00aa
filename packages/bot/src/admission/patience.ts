import type { Rate } from "@interlock/policy";
import type { InterlockError } from "../base/error.js";
import { createRateLimiter } from "../base/rate-limiter.js";
import type { Connection } from "./connection.js";

/** How many calls of one bot are refused, over all its connections, before each further one costs it its connection. */
const patience: Rate = { perSecond: 100, burst: 999 };

/** Counts a call of a bot that was refused with `error` for its rate. */
export type Patience = (connection: Connection, error: InterlockError, now: number) => void;

/** Makes the count of refusals: past a rate of them, a bot loses the connection over which the next one came. */
export function createPatience(): Patience {
  const refusals = createRateLimiter(patience);
  return (connection, error, now) => {
    if (refusals.take(connection.peer.name, now) > 0) void connection.cut(error);
  };
}
