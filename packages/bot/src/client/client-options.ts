import { isTrustDomain } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import { checkInterceptors } from "../base/run-interceptors.js";
import type { GivenTimes } from "./connection-times.js";
import type { FederatedUse } from "./federated-use.js";
import type { ClientInterceptor } from "./interceptor.js";

/** The options of `bot.client`: what holds for every call of the client. */
export interface ClientOptions {
  /**
   * The identity pattern that the server has to match, for example `coffee/*`. Default: the service's gateways (`via`), where
   * it has any and this bot is none of them, otherwise its `served_by`. A service that is found by its name alone needs one of them.
   */
  readonly server?: string;
  /** How long a call with one answer waits, in milliseconds, unless the call says otherwise. Default: 30,000. */
  readonly timeoutMs?: number;
  /**
   * Whether calls wait, as long as their deadline allows, while no server can be reached, in place of failing with `UNAVAILABLE`,
   * or with `NOT_FOUND` where no bot serves. Default: false.
   */
  readonly waitForReady?: boolean;
  /** The longest message of a request, in bytes; a longer one fails with `RESOURCE_EXHAUSTED`. Default: the server decides. */
  readonly requestBytes?: number;
  /** The longest message of an answer, in bytes, also after it was decompressed. Default: 4 MiB. */
  readonly responseBytes?: number;
  /**
   * How requests are compressed, where the method needs a token: servers do not unpack for others. Worth it for large messages
   * over slow networks. Default: not at all. Answers are taken compressed in any case.
   */
  readonly compression?: "gzip";
  /**
   * How the client notices that its server has vanished, and when it lets go of a connection, in milliseconds; see `connections`
   * of `joinFleet`, where the default comes from.
   */
  readonly connections?: GivenTimes;
  /**
   * How many times a call is made at the most, 1 to 10, of a method of which its proto file says `idempotency_level = IDEMPOTENT`
   * or `NO_SIDE_EFFECTS`; no other is made again. A call is made again when no server could be reached, or one says when to
   * try again: within its deadline, after a pause that grows from 100 ms, and not after a message of the answer has come. Of all
   * calls, one in ten is made again at the most, and ten at once. Default: 3.
   */
  readonly attempts?: number;
  /**
   * The id of a delegation that the bot holds: calls are made in the name of its subject, with what it allows. Default: none, the
   * bot's own grants.
   */
  readonly delegation?: string;
  /**
   * The id of an approval that the bot has requested and an operator has approved. It is good for one call of that method with
   * that request. Default: none.
   */
  readonly approval?: string;
  /**
   * The trust domain of the server, where it is not the own one: an operator has added it with `interlock federation add`, and the
   * server is one of the bots that the relation names. The token comes from `authority`, `host:port` of that domain's authority, and
   * is bound to this bot's own certificate. Default: the own trust domain.
   */
  readonly federated?: FederatedUse;
  /** Run around each call, the first one outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
}

/** What holds for every call of a client, beside its connection. */
export interface CallDefaults {
  readonly timeoutMs?: number | undefined;
  readonly waitForReady?: boolean | undefined;
  readonly attempts?: number | undefined;
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
}

/** The most times that a call can be made. */
const maximumAttempts = 10;

/** The largest message that gRPC can frame. */
const largestBytes = 2 ** 32 - 1;

/**
 * Checks the options of a client.
 *
 * @throws InterlockError `INVALID_ARGUMENT`, or a `TypeError` for interceptors, that says which one is wrong.
 */
export function checkClientOptions(options: ClientOptions): void {
  const { timeoutMs, requestBytes, responseBytes, compression, attempts, interceptors } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0)) {
    throw invalid("timeoutMs", timeoutMs, "a number of milliseconds above zero");
  }
  for (const [name, bytes] of Object.entries({ requestBytes, responseBytes })) {
    if (bytes === undefined || (Number.isInteger(bytes) && bytes >= 0 && bytes <= largestBytes)) continue;
    throw invalid(name, bytes, "a whole number of bytes");
  }
  if (compression !== undefined && compression !== "gzip") throw invalid("compression", compression, '"gzip"');
  if (attempts !== undefined && !(Number.isInteger(attempts) && attempts >= 1 && attempts <= maximumAttempts)) {
    throw invalid("attempts", attempts, `a whole number from 1 to ${maximumAttempts}`);
  }
  if (interceptors) checkInterceptors(interceptors);
  if (options.federated) checkFederated(options.federated, options);
}

function checkFederated({ trustDomain }: FederatedUse, { delegation, approval }: ClientOptions): void {
  if (!isTrustDomain(trustDomain)) throw invalid("federated.trustDomain", trustDomain, "a trust domain, such as cafe");
  if (delegation === undefined && approval === undefined) return;
  throw new InterlockError(
    "INVALID_ARGUMENT",
    "Delegations and approvals are of one trust domain: leave them out of a client with federated.",
  );
}

function invalid(name: string, given: unknown, wanted: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `${name} is ${String(given).slice(0, 40)}: give ${wanted}.`);
}
