import { isFederatedName } from "@interlock/policy";
import type { Caller } from "../admission/caller.js";
import { InterlockError } from "../base/error.js";
import { createListeners } from "../base/subscription.js";
import { HealthCheckResponse_ServingStatus as Status } from "../gen/grpc/health/v1/health.js";
import type { Health as HealthService } from "../gen/grpc/health/v1/health_interlock.js";
import type { Trust } from "../trust/trust.js";
import type { Implementation } from "./handlers.js";

/**
 * The name under which health reports a server's trust: NOT_SERVING while it is stale and high-risk methods are refused. The
 * server as a whole remains SERVING.
 */
export const trustHealth = "interlock.trust";

/**
 * The name under which health reports whether the bot reaches its authority: NOT_SERVING from the first failure, when calls of
 * every risk still work. A bot without an authority has no such name.
 */
export const authorityHealth = "interlock.authority";

/**
 * The name under which health reports whether the bot reaches the source of its identity, such as a SPIFFE agent: NOT_SERVING from
 * the first failure, when the certificate is still good. A bot whose source does not say has no such name.
 */
export const identityHealth = "interlock.identity";

/** How many services `List` reports at most. */
const listedAtMost = 100;

/** The standard health service (`grpc.health.v1.Health`) of a server. */
export interface Health {
  readonly implementation: Implementation<typeof HealthService>;
  /** Sets the status of `service`, or of the server as a whole where that is the empty string. */
  set(service: string, status: "SERVING" | "NOT_SERVING"): void;
}

/**
 * Makes the health service. Any bot of the fleet may ask, without a token. Those of federated trust domains may ask about the server
 * as a whole, and about the services that they may call.
 */
export function createHealth(trust: Pick<Trust, "federatedDomain">): Health {
  const statuses = new Map<string, Status>([["", Status.NOT_SERVING]]);
  const changes = createListeners<void>();

  function change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      function done() {
        stopListening();
        signal.removeEventListener("abort", done);
        resolve();
      }
      const stopListening = changes.add(done);
      signal.addEventListener("abort", done);
    });
  }

  function statusFor({ name, spiffeId }: Caller, service: string): Status | undefined {
    const isClosed =
      isFederatedName(name) && service !== "" && !trust.federatedDomain(spiffeId.uri)?.services.includes(service);
    return isClosed ? undefined : statuses.get(service);
  }

  return {
    implementation: {
      check({ service }, { caller }) {
        const status = statusFor(caller, service);
        if (status === undefined) throw new InterlockError("NOT_FOUND", "There is no such service here.");
        return { status };
      },
      list() {
        if (statuses.size > listedAtMost)
          throw new InterlockError("RESOURCE_EXHAUSTED", `There are more than ${listedAtMost} services here.`);
        return { statuses: Object.fromEntries([...statuses].map(([service, status]) => [service, { status }])) };
      },
      async *watch({ service }, { signal, caller }) {
        let told: Status | undefined;
        while (!signal.aborted) {
          const status = statusFor(caller, service) ?? Status.SERVICE_UNKNOWN;
          if (status === told) await change(signal);
          else yield { status };
          told = status;
        }
      },
    },
    set(service, status) {
      statuses.set(service, Status[status]);
      changes.tell();
    },
  };
}
