import type {
  ActView,
  CredentialView,
  DenialView,
  Entry,
  FloorPlan,
  LinkView,
  MachineView,
  OutcomeView,
  RobotView,
  SafetyView,
  TaskStage,
  TaskView,
  WorkerView,
} from "./entry.js";

type ByName<T> = Record<string, T>;

/** The final states of a task. */
export type ClosedStage = Extract<TaskStage, "COMPLETED" | "FAILED" | "CANCELED" | "REJECTED">;

/** Everything that the dashboard knows at one moment, as plain data. Bounded, however long a run is. */
export interface FleetState {
  /** The times of the first and the latest entry, in milliseconds since the epoch; 0 before the first. */
  startedAt: number;
  at: number;
  plan: FloorPlan | undefined;
  /** The connections, each with the time of its last change. */
  links: ByName<LinkView & { readonly since: number }>;
  robots: ByName<RobotView>;
  machines: readonly MachineView[];
  /** The open tasks, by id. */
  tasks: ByName<TaskView>;
  /** The numbers of closed tasks, and the latest of these, newest first. */
  closed: Record<ClosedStage, number>;
  recent: TaskView[];
  /** Tasks completed in each second of the last two minutes: seconds since `startedAt`, and the number. */
  pace: [number, number][];
  workers: readonly WorkerView[];
  safety: SafetyView | undefined;
  /** The latest denials, newest first, and the total number. */
  denials: DenialView[];
  denied: number;
  credentials: ByName<CredentialView>;
  /** In the order in which they were first published. */
  acts: ActView[];
  note: string;
  outcome: OutcomeView | undefined;
}

const keptDenials = 100;
const keptTasks = 20;
const keptSeconds = 120;

/** Creates an empty state. */
export function createFleetState(): FleetState {
  return {
    startedAt: 0,
    at: 0,
    plan: undefined,
    links: {},
    robots: {},
    machines: [],
    tasks: {},
    closed: { COMPLETED: 0, FAILED: 0, CANCELED: 0, REJECTED: 0 },
    recent: [],
    pace: [],
    workers: [],
    safety: undefined,
    denials: [],
    denied: 0,
    credentials: {},
    acts: [],
    note: "",
    outcome: undefined,
  };
}

/** Applies an entry to the state. */
export function applyEntry(state: FleetState, entry: Entry): void {
  state.startedAt ||= entry.at;
  state.at = Math.max(state.at, entry.at);
  switch (entry.kind) {
    case "plan":
      state.plan = entry.plan;
      break;
    case "link":
      state.links[entry.link.to] = { ...entry.link, since: entry.at };
      break;
    case "robots":
      if (entry.complete) state.robots = {};
      for (const robot of entry.robots) state.robots[robot.name] = robot;
      for (const name of entry.gone) delete state.robots[name];
      break;
    case "machines":
      state.machines = entry.machines;
      break;
    case "tasks":
      applyTasks(state, entry.tasks, entry.complete);
      break;
    case "workers":
      state.workers = entry.workers;
      break;
    case "safety":
      state.safety = entry.safety;
      break;
    case "denial":
      applyDenial(state, entry.denial);
      break;
    case "credential":
      state.credentials[entry.credential.bot] = entry.credential;
      break;
    case "act":
      applyAct(state.acts, entry.act);
      break;
    case "note":
      state.note = entry.text;
      break;
    case "outcome":
      state.outcome = entry.outcome;
      break;
    default: // A later version's record may have other entries.
  }
}

function applyTasks(state: FleetState, tasks: readonly TaskView[], complete: boolean): void {
  if (complete) {
    state.tasks = {};
    state.recent = [];
    state.closed = { COMPLETED: 0, FAILED: 0, CANCELED: 0, REJECTED: 0 };
  }
  for (const task of tasks) {
    if (!isClosed(task.stage)) {
      state.tasks[task.id] = task;
      continue;
    }
    delete state.tasks[task.id];
    state.closed[task.stage]++;
    state.recent.unshift(task);
    // Tasks completed before the dashboard started do not count for the pace.
    if (task.stage === "COMPLETED" && !complete) countPace(state);
  }
  state.recent.splice(keptTasks);
}

function isClosed(stage: TaskStage): stage is ClosedStage {
  return stage === "COMPLETED" || stage === "FAILED" || stage === "CANCELED" || stage === "REJECTED";
}

function countPace({ pace, at, startedAt }: FleetState): void {
  const second = Math.floor((at - startedAt) / 1_000);
  const last = pace.at(-1);
  if (last?.[0] === second) last[1]++;
  else pace.push([second, 1]);
  while ((pace[0]?.[0] ?? second) <= second - keptSeconds) pace.shift();
}

function applyDenial(state: FleetState, denial: DenialView): void {
  const before = state.denials.findIndex(({ id }) => id === denial.id);
  const [grown] = before < 0 ? [] : state.denials.splice(before, 1);
  state.denied += denial.count - (grown?.count ?? 0);
  state.denials.unshift(denial);
  state.denials.splice(keptDenials);
}

function applyAct(acts: ActView[], act: ActView): void {
  const place = acts.findIndex((other) => other.act === act.act);
  if (place < 0) acts.push(act);
  else acts[place] = act;
}

/** Tasks completed per second, over the last `seconds` whole seconds before `now` (milliseconds since the epoch). */
export function throughput({ pace, startedAt }: FleetState, now: number, seconds = 5): number {
  const current = Math.floor((now - startedAt) / 1_000);
  const whole = Math.min(seconds, current);
  if (whole <= 0) return 0;
  const counted = pace.filter(([second]) => second >= current - whole && second < current);
  return counted.reduce((sum, [, count]) => sum + count, 0) / whole;
}
