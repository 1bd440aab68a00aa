import { InterlockError } from "../base/error.js";
import {
  HealthCheckRequest,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health.js";
import { Health } from "../gen/grpc/health/v1/health_interlock.js";
import { callForMany } from "./call.js";
import type { Connector } from "./connector.js";

/** A server that was found to serve, and is watched from then on. */
export interface Watched {
  /** Resolves once the server does not serve any more: it says so, or its connection has ended. */
  readonly ended: Promise<void>;
}

/**
 * Connects to a server, which proves its identity, and asks its health service about `service`. Resolves once it serves;
 * rejects with the reason why it cannot be called. A server without a health service counts as one that serves.
 *
 * @param signal - Ends the watch.
 */
export async function probe(connector: Connector, service: string, signal: AbortSignal): Promise<Watched> {
  const watch = callForMany(connector, Health.methods.watch);
  const statuses = watch(HealthCheckRequest.fromPartial({ service }), { signal, detached: true }) as AsyncGenerator<{
    status: ServingStatus;
  }>;
  const first = await statuses.next().catch((thrown: unknown) => {
    const error = InterlockError.from(thrown);
    if (error.code === "UNIMPLEMENTED") return undefined;
    throw error;
  });
  if (first === undefined) return { ended: new Promise(() => {}) };
  if (first.done || !serves(first.value.status)) {
    void statuses.return(undefined).catch(() => {});
    throw new InterlockError("UNAVAILABLE", `The server says that ${service} is not serving now.`);
  }
  return { ended: untilNotServing(statuses) };
}

async function untilNotServing(statuses: AsyncGenerator<{ status: ServingStatus }>): Promise<void> {
  try {
    for await (const { status } of statuses) if (!serves(status)) return;
  } catch {
    // The connection is gone, or the watch has been ended.
  }
}

function serves(status: ServingStatus): boolean {
  return status === ServingStatus.SERVING;
}
