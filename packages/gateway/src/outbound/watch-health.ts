import type { Bot } from "@interlock/bot";
import { Health } from "@interlock/bot/internal";
import type { Instance, Instances } from "../routes/instances.js";

/** The watches over the instances of services. */
export interface HealthWatches {
  /** Watches those instances that are there now, and no others. */
  follow(service: string, instances: Instances): void;
  close(): void;
}

/** The pause before an instance is asked again, in milliseconds. */
const againMs = 250;
const mostMs = 5_000;

/** The value of `grpc.health.v1.HealthCheckResponse.ServingStatus` for a service that serves. */
const servingStatus = 1;

/**
 * Watches by the health service of each bot whether it serves (gRPC Health Checking Protocol), so that calls go elsewhere before they
 * fail, and come back as soon as it is there again.
 */
export function watchHealth(bot: Bot): HealthWatches {
  const watches = new Map<Instance, AbortController>();
  const byService = new Map<string, ReadonlySet<Instance>>();

  async function watch(
    service: string,
    instance: Instance,
    instances: Instances,
    { signal }: AbortController,
  ): Promise<void> {
    const { address, servers } = instance;
    const client = bot.client(Health, address, { server: servers[0] as string });
    let pauseMs = againMs;
    while (!signal.aborted) {
      try {
        for await (const { status } of client.watch({ service }, { signal })) {
          pauseMs = againMs;
          instance.serving = status === servingStatus;
          if (instance.serving) instances.answered(instance);
        }
      } catch {
        // Its calls tell whether it can be reached; a bot without the service is taken to serve.
      }
      if (signal.aborted) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      pauseMs = Math.min(2 * pauseMs, mostMs);
    }
    client[Symbol.dispose]();
  }

  return {
    follow(service, instances) {
      const now = new Set(instances.all);
      for (const gone of byService.get(service) ?? []) {
        if (now.has(gone)) continue;
        watches.get(gone)?.abort();
        watches.delete(gone);
      }
      byService.set(service, now);
      for (const instance of now) {
        if (watches.has(instance)) continue;
        const controller = new AbortController();
        watches.set(instance, controller);
        void watch(service, instance, instances, controller);
      }
    },
    close() {
      for (const controller of watches.values()) controller.abort();
      watches.clear();
    },
  };
}
