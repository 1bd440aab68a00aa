export { createFence, type Fence, type FenceOptions } from "./fence.js";
export {
  Assignment,
  DispatchRequest,
  DispatchResponse,
  Lease,
  Progress,
  Safety,
  Session,
  StopOutcome,
  StopState,
  Task,
  TaskState,
  TaskView,
  UpdateType,
  Worker,
  WorkerState,
} from "./gen/interlock/swarm/v1/swarm.js";
export { DispatchService, OperatorService, SafetyService } from "./gen/interlock/swarm/v1/swarm_interlock.js";
export type { DispatchOptions } from "./leader/dispatcher.js";
export { createLeader, type Leader, type LeaderOptions } from "./leader/leader.js";
export { leaderMetrics } from "./leader/leader-metrics.js";
export { leaderRoutes } from "./leader/leader-routes.js";
export { defaultLimits, type Limits } from "./leader/limits.js";
export { defaultQuota, type Quota } from "./leader/quotas.js";
export { defaultReadLimits, type ReadLimits } from "./leader/reads.js";
export type { Refusal } from "./leader/reports.js";
export type { WorkerChange } from "./leader/sessions.js";
export { swarmMetrics } from "./leader/swarm-metrics.js";
export { defaultTiming, type Timing } from "./leader/timing.js";
export { connectSwarm, type Swarm } from "./operator/connect-swarm.js";
export { type SwarmReason, swarmDomain, swarmReasons } from "./swarm-error.js";
export { isClosed, taskStateName } from "./task-state.js";
export { runWorker, type WorkerLink, type WorkerOptions } from "./worker/run-worker.js";
export type { TaskContext, TaskHandler, WorkerTask } from "./worker/task-handler.js";
export { TaskRefusal } from "./worker/task-refusal.js";
