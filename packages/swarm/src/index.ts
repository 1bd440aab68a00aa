export { dispatchRoutes } from "./dispatch-routes.js";
export { createDispatcher, type Dispatcher, type DispatcherOptions } from "./dispatcher.js";
export {
  Assignment,
  Lease,
  Progress,
  Task,
  TaskState,
  UpdateType,
} from "./gen/interlock/swarm/v1/swarm.js";
export { DispatchService, OperatorService } from "./gen/interlock/swarm/v1/swarm_interlock.js";
export { runWorker, type WorkerOptions, type WorkerState } from "./run-worker.js";
export type { Connection, Refusal, WorkerChange } from "./sessions.js";
export { type SwarmReason, swarmDomain, swarmReasons } from "./swarm-error.js";
export { TaskRefusal } from "./task-refusal.js";
export { isClosed } from "./task-state.js";
export type { TaskContext, TaskHandler, WorkerTask } from "./workbench.js";
export type { Sink } from "./worker-desk.js";
