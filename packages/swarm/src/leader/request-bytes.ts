import type { OperatorService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import type { Limits } from "./limits.js";

/** What a task has beside its payload: 64 capabilities and three names, in UTF-8. */
const besidePayload = 256 * 1_024;
/** A reason of 4,096 characters is the longest that the others have to say. */
const usual = 64 * 1_024;

/**
 * The longest message of each method for operators. What the rules of the requests refuse in any case is refused by its length,
 * before it is read: otherwise a few requests of 4 MiB a second delay all others. WatchTasks may name 10,000 tasks.
 */
export function operatorRequestBytes({
  payloadBytes,
}: Pick<Limits, "payloadBytes">): Partial<Record<keyof typeof OperatorService.methods, number>> {
  return {
    submitTask: payloadBytes + besidePayload,
    getTask: usual,
    cancelTask: usual,
    cancelTasks: usual,
    pauseTask: usual,
    resumeTask: usual,
    listTasks: usual,
    listWorkers: usual,
    drainWorker: usual,
  };
}
