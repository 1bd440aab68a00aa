/** A cell of the floor; the origin is the top left corner. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A fixture of the floor; it never moves. */
export interface Fixture extends Spot {
  readonly kind: "shelf" | "station" | "arm" | "coffee" | "charger";
  /** Empty if it has no name. */
  readonly name: string;
}

/** The floor plan. */
export interface FloorPlan {
  readonly width: number;
  readonly height: number;
  readonly fixtures: readonly Fixture[];
}

/** A robot on the floor. */
export interface RobotView extends Spot {
  readonly name: string;
  /** Empty for nothing. */
  readonly carrying: string;
  /** From 0 to 1; absent if there is no battery. */
  readonly battery?: number;
  /** Its other activity, in one word, such as `charging`; empty for none. */
  readonly status: string;
}

/** A gripper arm, or the coffee maker. */
export interface MachineView {
  readonly name: string;
  /** Its activity, in a word or two, such as `gripping`. */
  readonly state: string;
  /** The robot that uses it; empty for none. */
  readonly user: string;
}

export type TaskStage =
  | "SUBMITTED"
  | "ASSIGNED"
  | "ACCEPTED"
  | "RUNNING"
  | "PAUSED"
  | "COMPLETED"
  | "FAILED"
  | "CANCELED"
  | "REJECTED";

/** A task, according to the leader. Times are milliseconds since the epoch. */
export interface TaskView {
  readonly id: string;
  readonly kind: string;
  /** Its content, for people: `bolts 7`. */
  readonly title: string;
  /** Its first and second destination; absent if there is none. */
  readonly from?: Spot;
  readonly to?: Spot;
  readonly stage: TaskStage;
  /** The worker that holds it or closed it; empty for none. */
  readonly worker: string;
  readonly attempt: number;
  /** The fencing token; empty while no worker holds the task. A string, because it can exceed 2⁵³. */
  readonly lease: string;
  /** From 0 to 1. */
  readonly progress: number;
  readonly doing: string;
  readonly submittedBy: string;
  readonly priority: number;
  readonly reason: string;
}

/** A worker, according to the leader. */
export interface WorkerView {
  readonly name: string;
  readonly state: "ONLINE" | "DRAINING" | "LOST";
  readonly taskIds: readonly string[];
  readonly lastSeenAt?: number;
}

/** The state of the emergency stop. */
export interface SafetyView {
  readonly latched: boolean;
  readonly issuer: string;
  readonly reason: string;
  readonly issuedAt?: number;
  readonly workers: readonly {
    readonly name: string;
    readonly outcome: "ACKNOWLEDGED" | "FAILED" | "UNREACHABLE";
    readonly detail: string;
    readonly answeredAt?: number;
  }[];
}

/** A denial, and how often it happened in quick succession. */
export interface DenialView {
  readonly id: string;
  /** The time of the last one, in milliseconds since the epoch. */
  readonly at: number;
  /** The attacker, in words; empty if unknown. */
  readonly attacker: string;
  readonly caller: string;
  readonly address: string;
  readonly method: string;
  readonly code: string;
  readonly reason: string;
  readonly detail: string;
  readonly refusedBy: string;
  readonly count: number;
}

/** The lifetimes of a bot's credentials. */
export interface CredentialView {
  readonly bot: string;
  readonly certificateIssuedAt?: number;
  readonly certificateExpiresAt?: number;
  readonly tokenIssuedAt?: number;
  readonly tokenExpiresAt?: number;
  readonly generation: number;
  readonly revoked: boolean;
}

/** An act of the story. */
export interface ActView {
  readonly act: string;
  readonly title: string;
  readonly expected: string;
  readonly state: "planned" | "running" | "ended";
  readonly seen: string;
  readonly ms: number;
  readonly ok: boolean;
}

/** The result of the story. */
export interface OutcomeView {
  readonly ok: boolean;
  readonly submitted: number;
  readonly completed: number;
  readonly lost: number;
  readonly duplicated: number;
}

/** The state of a connection to the leader or the feed. */
export interface LinkView {
  readonly to: "leader" | "feed";
  readonly up: boolean;
  /** Why it is down; empty while it is up. */
  readonly reason: string;
}

/** One piece of news for the dashboard. */
export type News =
  | { readonly kind: "plan"; readonly plan: FloorPlan }
  | { readonly kind: "link"; readonly link: LinkView }
  /** Robots that moved or changed, and robots that left. With `complete`, forget all others. */
  | {
      readonly kind: "robots";
      readonly complete: boolean;
      readonly robots: readonly RobotView[];
      readonly gone: readonly string[];
    }
  | { readonly kind: "machines"; readonly machines: readonly MachineView[] }
  /** Tasks that changed. With `complete`, forget all others. */
  | { readonly kind: "tasks"; readonly complete: boolean; readonly tasks: readonly TaskView[] }
  | { readonly kind: "workers"; readonly workers: readonly WorkerView[] }
  | { readonly kind: "safety"; readonly safety: SafetyView }
  | { readonly kind: "denial"; readonly denial: DenialView }
  | { readonly kind: "credential"; readonly credential: CredentialView }
  | { readonly kind: "act"; readonly act: ActView }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "outcome"; readonly outcome: OutcomeView };

/**
 * News, and when the dashboard received it, in milliseconds since the epoch. The record of a run is a list of entries in the
 * order of their times, one JSON object per line (NDJSON), the first of kind `plan`. The page gets the same entries.
 *
 * ```json
 * {"at":1764057600000,"kind":"denial","denial":{"id":"7","attacker":"the visitor's laptop","reason":"RATE_LIMITED",…}}
 * ```
 */
export type Entry = News & { readonly at: number };
