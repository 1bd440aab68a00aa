import { type Bot, InterlockError } from "@interlock/bot";
import { Health } from "@interlock/bot/internal";
import type { Instance, Instances, Target } from "../routes/instances.js";

/** The watches over the instances of services. */
export interface HealthWatches {
  /** Watches those instances that are there now, and no others. */
  follow(service: string, instances: Instances): void;
  close(): void;
}

/** The pause before an instance is asked again, in milliseconds: one that cannot be reached, and one that cannot be watched. */
const pauseMs = { unreachable: 250, unwatched: 5_000 } as const;

/** The value of `grpc.health.v1.HealthCheckResponse.ServingStatus` for a service that serves. */
const servingStatus = 1;

/**
 * Watches by the health service of each bot whether it serves (gRPC Health Checking Protocol), so that calls go elsewhere before they
 * fail, and come back as soon as it is there again. The watch has a connection of the gateway's own, which no caller can disturb.
 *
 * @param onBack - Called when a bot can be reached again after it could not.
 */
export function watchHealth(bot: Bot, onBack: (target: Target) => void): HealthWatches {
  const watches = new Map<Instance, AbortController>();
  const byService = new Map<string, ReadonlySet<Instance>>();

  async function watch(service: string, instance: Instance, instances: Instances, signal: AbortSignal): Promise<void> {
    let isAway = false;

    function reached(isServing: boolean): void {
      instance.serving = isServing;
      if (isServing) instances.answered(instance);
      if (isAway) onBack(instance);
      isAway = false;
    }

    /** Asks once. Resolves to the pause before the next time, when the bot says no more. */
    async function ask(): Promise<number> {
      const { address, servers } = instance;
      // A new client each time: it connects at once, however often the last one could not.
      const client = bot.client({ ...Health, servedBy: servers }, address);
      try {
        for await (const { status } of client.watch({ service }, { signal })) reached(status === servingStatus);
      } catch (thrown) {
        const { code } = InterlockError.from(thrown);
        if (code === "UNIMPLEMENTED") reached(true); // A bot without the service is taken to serve.
        if (code === "UNIMPLEMENTED" || code === "RESOURCE_EXHAUSTED" || signal.aborted) return pauseMs.unwatched;
      } finally {
        client[Symbol.dispose]();
      }
      isAway = true;
      instance.serving = false;
      return pauseMs.unreachable;
    }

    while (!signal.aborted) {
      const ms = await ask();
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, ms).unref());
    }
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
        void watch(service, instance, instances, controller.signal);
      }
    },
    close() {
      for (const controller of watches.values()) controller.abort();
      watches.clear();
    },
  };
}
