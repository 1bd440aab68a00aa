import type { IdentityProvider } from "@interlock/bot";
import { parseSpiffeId } from "@interlock/policy";
import { leavesMachine, readEndpoint } from "./endpoint.js";
import { type FollowTimes, followSvids } from "./follow-svids.js";

/** The options of {@link fromWorkloadApi}: where the Workload API is, and which of its identities is the bot's. */
export interface WorkloadApiOptions {
  /** The address: `unix:///absolute/path`, or `tcp://ip:port`. Default: `SPIFFE_ENDPOINT_SOCKET` of the environment. */
  readonly endpoint?: string | undefined;
  /** The bot's SPIFFE ID. Default: the only one that is offered; with several, opening fails. */
  readonly spiffeId?: string | undefined;
  /** The hint of the bot's identity, which an operator has given to its entry. Default: any. */
  readonly hint?: string | undefined;
  /**
   * The time to go on asking at the start, in milliseconds: an agent that has just started, or an entry that has just been
   * registered, takes some seconds. Default: 30,000.
   */
  readonly waitMs?: number | undefined;
}

/**
 * Provides an identity from the SPIFFE Workload API, as the SPIRE agent serves it, with the CA certificates of its trust domain.
 *
 * One stream stays open, and each certificate and each CA that comes on it is taken over as a whole, and only when it is good: it is
 * verified as every peer verifies it, and tried in a handshake in memory. Otherwise, and while the agent is away, everything stays
 * as it was until it expires; the log says so, and health, as `interlock.identity`.
 *
 * The bot keeps its SPIFFE ID for its life. Bundles of other trust domains and JWT-SVIDs are not used.
 *
 * @param options - Where the Workload API is, and which of its identities is the bot's.
 * @returns A provider for `joinFleet`. Opening it rejects with `FAILED_PRECONDITION` when there is no good identity in time, and at
 *   once when several are offered and none is named; with `INVALID_ARGUMENT` for an address of another form.
 * @throws TypeError when `spiffeId` is none.
 *
 * @example
 * ```ts
 * const identity = fromWorkloadApi({ endpoint: "unix:///run/spire/agent.sock" });
 * const bot = await joinFleet({ identity, authority: "localhost:7443" });
 * ```
 */
export function fromWorkloadApi(options: WorkloadApiOptions = {}): IdentityProvider {
  return providerOf(options, { answerMs: 5_000, shortestMs: 5_000 });
}

/** The same as {@link fromWorkloadApi}, with the times that a test does not want to wait. */
export function providerOf(options: WorkloadApiOptions, times: Omit<FollowTimes, "waitMs">): IdentityProvider {
  const { spiffeId, waitMs = 30_000 } = options;
  if (spiffeId !== undefined && !parseSpiffeId(spiffeId)) throw new TypeError(`"${spiffeId}" is no SPIFFE ID of a bot`);
  return {
    async open(context) {
      const endpoint = readEndpoint(options.endpoint);
      if (leavesMachine(endpoint)) {
        const remedy = "use the socket of an agent on this machine";
        context.log.warn("the private key crosses the network unencrypted", { endpoint: endpoint.uri, remedy });
      }
      return followSvids(endpoint, options, context, { ...times, waitMs });
    },
  };
}
