import { HealthImplementation } from "grpc-health-check";
import { type AdoptedService, adopt } from "./adopt.js";

/**
 * What health says of a server's trust: NOT_SERVING while it is stale, which is when high-risk methods are refused. The
 * server as a whole goes on serving.
 */
export const trustHealth = "interlock.trust";

/** The standard health service (`grpc.health.v1.Health`) of a server. */
export interface Health {
  readonly adopted: readonly AdoptedService[];
  /** What it says of `service`; of the server as a whole where that is the empty string. */
  set(service: string, status: "SERVING" | "NOT_SERVING"): void;
}

/** Health for any bot of the fleet, without a token: who asks has a certificate. */
export function createHealth(): Health {
  const health = new HealthImplementation({ "": "NOT_SERVING" });
  const adopted = adopt(health, {
    scopes: [],
    anyBot: true,
    purpose: "Tell whether a service is ready.",
    risk: "low",
    dataClasses: ["internal"],
    callers: [],
  });
  return { adopted, set: (service, status) => health.setStatus(service, status) };
}
