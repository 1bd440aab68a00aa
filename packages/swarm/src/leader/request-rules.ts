import {
  type CancelTaskRequest,
  type CancelTasksRequest,
  type DrainWorkerRequest,
  type GetTaskRequest,
  type Lease,
  type ListTasksRequest,
  type PauseTaskRequest,
  type ResetEmergencyStopRequest,
  type ResumeTaskRequest,
  type Session,
  type SubmitTaskRequest,
  TaskState,
  TaskView,
  type WatchTasksRequest,
} from "../gen/interlock/swarm/v1/swarm.js";
import {
  anything,
  bytes,
  check,
  exactText,
  knownOf,
  listOf,
  moment,
  type Rule,
  type Rules,
  token,
  whole,
  words,
} from "./check.js";
import { capabilitiesAtMost, type Limits, longNameAtMost, nameAtMost, reasonAtMost, watchedAtMost } from "./limits.js";

const int32 = whole(-(2 ** 31), 2 ** 31 - 1);
const uint32 = whole(0, 2 ** 32 - 1);
const name = exactText(nameAtMost);
const longName = exactText(longNameAtMost);
/** The name of a bot: the path of a SPIFFE ID, which has up to 2,048 bytes. */
const botName = exactText(2_048);
const reason = words(reasonAtMost);
const capabilities = listOf(name, capabilitiesAtMost);

export function submitTaskRules({ payloadBytes }: Limits): Rules<SubmitTaskRequest> {
  return {
    idempotencyKey: name,
    kind: longName,
    payload: bytes(payloadBytes),
    requiredCapabilities: capabilities,
    priority: int32,
    fairnessKey: longName,
    deadline: moment,
    maximumAttempts: uint32,
  };
}

export const taskIdRules: Rules<GetTaskRequest & PauseTaskRequest & ResumeTaskRequest> = { taskId: name };

export const cancelTaskRules: Rules<CancelTaskRequest> = { taskId: name, reason };

export const cancelTasksRules: Rules<CancelTasksRequest> = {
  submittedBy: botName,
  kind: longName,
  states: listOf(knownOf(TaskState), 32),
  reason,
};

export const drainWorkerRules: Rules<DrainWorkerRequest> = { worker: botName };

export const listTasksRules: Rules<ListTasksRequest> = {
  states: listOf(knownOf(TaskState), 32),
  pageSize: int32,
  pageToken: anything, // Its own pattern is checked where it is read: PAGE_TOKEN_INVALID.
  view: knownOf(TaskView),
};

export const watchTasksRules: Rules<WatchTasksRequest> = {
  taskIds: listOf(name, watchedAtMost),
  cursor: anything, // Its own pattern is checked where it is read: CURSOR_INVALID.
  view: knownOf(TaskView),
};

export const resetRules: Rules<ResetEmergencyStopRequest> = { stopId: name, reason };

export const leaseRules: Rules<Lease> = { taskId: name, attempt: uint32, leaseToken: token, leaderEpoch: token };

const leases: Rule<readonly Lease[]> = (held) => {
  for (const lease of held) check(lease, leaseRules, "held.");
  return undefined;
};

export const sessionRules: Rules<Session> = {
  capabilities,
  slots: uint32,
  sessionId: name,
  held: leases,
  draining: anything,
  prefetch: uint32,
  acceptsBatches: anything,
  standstill: anything, // Cut where it is used.
};

/** The leases that a heartbeat names. Their number is checked before. */
export function checkHeld(held: readonly Lease[]): void {
  leases(held);
}
