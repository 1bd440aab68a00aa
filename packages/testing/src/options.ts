import type { ClientOptions, Log } from "@interlock/bot";
import type { ServiceDefinition } from "@interlock/policy";
import type { MemoryServeOptions } from "./memory/memory-server.js";

/** The options of `createTestFleet`. */
export interface TestFleetOptions {
  /** The trust domain. Default: `test`. */
  readonly trustDomain?: string;
  /** The text of a grants file. A caller without `scopes` has what it grants. Default: nothing is granted. */
  readonly grants?: string;
  /** The time that the clock shows at first. Default: now. */
  readonly now?: Date | number;
  /** Gets what the bots of the fleet log. Default: nothing is logged. */
  readonly log?: Log;
}

/** The options of `fleet.serve`: who serves, and the limits and interceptors of `bot.serve` and `routes.add`. */
export interface TestServeOptions<S extends ServiceDefinition> extends MemoryServeOptions<S> {
  /** The name of the bot that serves, for example `gripper/1`. Clients refuse one that the service's `served_by` does not allow. */
  readonly name: string;
}

/** The options of `fleet.client`: who calls, and what holds for each call as in `bot.client`. */
export interface TestClientOptions
  extends Pick<
    ClientOptions,
    "server" | "timeoutMs" | "waitForReady" | "requestBytes" | "responseBytes" | "attempts" | "interceptors"
  > {
  /** The name of the bot that calls, for example `arm/1`. */
  readonly as: string;
  /** The scopes that it holds at the service. Default: those that the fleet's `grants` give it. */
  readonly scopes?: readonly string[];
  /**
   * The bots that act for it, the one that is connected to the server first; at most 3. For a service with `via`, that one has to be
   * one of its gateways, or the call is refused. Default: none, it calls itself.
   */
  readonly through?: readonly string[];
}

/** A service of a fleet that is served. */
export interface TestServer {
  /** The name of the bot that serves it. */
  readonly name: string;
  /**
   * Closes the server as a bot does: `draining` aborts, no new calls, and the open ones are ended when the time is over.
   *
   * @param graceMs - The time, in milliseconds. Default: 1,000.
   */
  close(graceMs?: number): Promise<void>;
}
