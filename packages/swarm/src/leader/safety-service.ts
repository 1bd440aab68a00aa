import type { Implementation } from "@interlock/bot";
import type { WatchSafetyResponse } from "../gen/interlock/swarm/v1/swarm.js";
import type { SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { createOutbox } from "../outbox.js";
import { swarmError } from "../swarm-error.js";
import type { Leader } from "./leader.js";

const usualWaitMs = 150;
const longestWaitMs = 10_000;
const maximumWaiting = 100;

/** Creates the service for the emergency stop of a leader. */
export function safetyService(leader: Pick<Leader, "active">): Implementation<typeof SafetyService> {
  function leading() {
    const dispatcher = leader.active();
    dispatcher.lead();
    return dispatcher;
  }
  return {
    async emergencyStop({ reason, waitMs }, { caller }) {
      const dispatcher = leading();
      const answer = await dispatcher.safety.stop(caller.name, reason, Math.min(waitMs || usualWaitMs, longestWaitMs));
      // A leader that was deposed meanwhile has reached only some workers: the caller has to ask the one that leads.
      if (!answer.recorded) dispatcher.lead();
      return answer;
    },
    async *watchSafety({ withWorkers }, { caller, signal }) {
      const dispatcher = leading();
      const unwatch = dispatcher.reads.watch(caller.name, "safety");
      const outbox = createOutbox<WatchSafetyResponse>({
        limit: maximumWaiting,
        overflow: () => swarmError("WATCHER_SLOW"),
      });
      const end = () => outbox.end();
      const unsubscribe = [
        unwatch,
        // Only the latest state counts.
        dispatcher.safety.watch(caller.name, withWorkers, (message) => outbox.send(message, "safety")),
        dispatcher.onEnd((error) => outbox.end(error)),
      ];
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      try {
        yield* outbox;
      } finally {
        for (const each of unsubscribe) each();
        signal.removeEventListener("abort", end);
      }
    },
    acknowledgeStop({ stopId, outcome, detail }, { caller }) {
      leading().safety.acknowledge(caller.name, stopId, outcome, detail);
      return {};
    },
    resetEmergencyStop: async ({ stopId, reason }, { caller }) => ({
      safety: await leading().safety.reset(caller.name, stopId, reason),
    }),
  };
}
