import { InterlockError } from "../base/error.js";
import { HealthCheckResponse_ServingStatus as Status } from "../gen/grpc/health/v1/health.js";
import type { Health } from "../gen/grpc/health/v1/health_interlock.js";
import type { ServiceHealth } from "../health/health-check.js";
import type { Client } from "./client.js";

/** What {@link askHealth} asks, and how long it waits. */
export interface HealthOptions {
  /** Full name of the service. Default: the server as a whole. */
  readonly service?: string;
  /** The identity pattern that the server has to match. Default: any bot of the fleet. */
  readonly server?: string;
  /** How long to wait, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number;
}

/** Asks a server whether it serves; a service that it does not have is UNKNOWN. */
export async function askHealth(
  client: Client<typeof Health>,
  { service = "", timeoutMs = 5_000 }: HealthOptions,
): Promise<ServiceHealth> {
  try {
    const { status } = await client.check({ service }, { timeoutMs });
    if (status === Status.SERVING) return "SERVING";
    return status === Status.NOT_SERVING ? "NOT_SERVING" : "UNKNOWN";
  } catch (thrown) {
    if (InterlockError.from(thrown).code === "NOT_FOUND") return "UNKNOWN";
    throw thrown;
  }
}
