import {
  type Safety,
  StopOutcome,
  StopState,
  type Task,
  taskStateName,
  type Worker,
  WorkerState,
} from "@interlock/swarm";
import { type Act, ActState, type Credential, type Denial, type FeedEvent } from "../gen/warehouse/v1/feed.js";
import { CarryTask, type Robot } from "../gen/warehouse/v1/warehouse.js";
import type {
  ActView,
  CredentialView,
  DenialView,
  News,
  RobotView,
  SafetyView,
  TaskStage,
  TaskView,
  WorkerView,
} from "./model/entry.js";

// Converts wire messages for the page: numbers that JSON can hold, names of states, decoded payloads.

export function robotView({ name, position, carrying, battery, status }: Robot): RobotView {
  return { name, x: position?.x ?? 0, y: position?.y ?? 0, carrying, battery: Number(battery.toFixed(2)), status };
}

export function taskView(task: Task): TaskView {
  const { taskId: id, kind, worker, attempt, leaseToken, progress, submittedBy, priority, reason } = task;
  return {
    id,
    kind,
    ...errand(task),
    stage: taskStateName(task.state) as TaskStage,
    worker,
    attempt,
    lease: leaseToken === 0n ? "" : `${leaseToken}`,
    progress: progress?.fraction ?? 0,
    doing: progress?.stage ?? "",
    submittedBy,
    priority,
    reason,
  };
}

/** The content of a task, if its payload can be decoded. */
function errand({ kind, payload }: Task): Pick<TaskView, "title" | "from" | "to"> {
  if (kind !== "warehouse.carry") return { title: kind };
  try {
    const { item, shelf, station } = CarryTask.decode(payload);
    return { title: item || kind, ...(shelf && { from: shelf }), ...(station && { to: station }) };
  } catch {
    return { title: kind }; // A submitter may send nonsense.
  }
}

const workerStates = new Map<WorkerState, WorkerView["state"]>([
  [WorkerState.WORKER_STATE_DRAINING, "DRAINING"],
  [WorkerState.WORKER_STATE_LOST, "LOST"],
]);

export function workerView({ name, state, taskIds, lastSeenAt }: Worker): WorkerView {
  return { name, state: workerStates.get(state) ?? "ONLINE", taskIds, ...time("lastSeenAt", lastSeenAt) };
}

const outcomes = new Map<StopOutcome, SafetyView["workers"][number]["outcome"]>([
  [StopOutcome.STOP_OUTCOME_ACKNOWLEDGED, "ACKNOWLEDGED"],
  [StopOutcome.STOP_OUTCOME_FAILED, "FAILED"],
]);

export function safetyView({ state, issuer, reason, issuedAt, workers }: Safety): SafetyView {
  return {
    latched: state === StopState.STOP_STATE_LATCHED,
    issuer,
    reason,
    ...time("issuedAt", issuedAt),
    workers: workers.map(({ worker: name, outcome, detail, answeredAt }) => ({
      name,
      outcome: outcomes.get(outcome) ?? "UNREACHABLE",
      detail,
      ...time("answeredAt", answeredAt),
    })),
  };
}

/** Converts an event of the feed; `undefined` if it is unknown here. */
export function feedNews({ event, at }: FeedEvent): News | undefined {
  switch (event?.$case) {
    case "act":
      return { kind: "act", act: actView(event.value) };
    case "denial":
      return { kind: "denial", denial: denialView(event.value, at?.getTime() ?? 0) };
    case "credential":
      return { kind: "credential", credential: credentialView(event.value) };
    case "note":
      return { kind: "note", text: event.value.text };
    case "outcome":
      return { kind: "outcome", outcome: event.value };
    default:
      return undefined;
  }
}

const actStates = new Map<ActState, ActView["state"]>([
  [ActState.ACT_STATE_RUNNING, "running"],
  [ActState.ACT_STATE_ENDED, "ended"],
]);

function actView({ state, ...act }: Act): ActView {
  return { ...act, state: actStates.get(state) ?? "planned" };
}

function denialView({ id, caller, ...denial }: Denial, at: number): DenialView {
  // Within one fleet the trust domain is redundant.
  return { ...denial, id: `${id}`, at, caller: caller.replace(/^spiffe:\/\/[^/]+\//, "") };
}

function credentialView(credential: Credential): CredentialView {
  const { bot, generation, revoked } = credential;
  return {
    bot,
    generation,
    revoked,
    ...time("certificateIssuedAt", credential.certificateIssuedAt),
    ...time("certificateExpiresAt", credential.certificateExpiresAt),
    ...time("tokenIssuedAt", credential.tokenIssuedAt),
    ...time("tokenExpiresAt", credential.tokenExpiresAt),
  };
}

function time<Name extends string>(name: Name, at: Date | undefined): { [N in Name]?: number } {
  return (at ? { [name]: at.getTime() } : {}) as { [N in Name]?: number };
}
