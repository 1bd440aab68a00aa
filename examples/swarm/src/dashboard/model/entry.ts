/** A cell of the floor; the origin is the top left corner. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Something that stands on the floor and never moves. */
export interface Fixture extends Spot {
  readonly kind: "shelf" | "station" | "arm" | "coffee" | "charger";
  /** Empty where nobody has named it. */
  readonly name: string;
}

/** The building. */
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
  /** From 0 to 1; absent where it has none. */
  readonly battery?: number;
  /** What else there is to say of it, in a word, such as `charging`; empty for nothing. */
  readonly status: string;
}

/** A gripper arm, or the coffee maker. */
export interface MachineView {
  readonly name: string;
  /** In a word or two, such as `gripping`. */
  readonly state: string;
  /** Who uses it; empty for nobody. */
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

/** A task, as the leader has it. Times are milliseconds since the epoch. */
export interface TaskView {
  readonly id: string;
  readonly kind: string;
  /** What it is about, for people: `bolts 7`. */
  readonly title: string;
  /** Where it leads first, and then; absent where it leads nowhere. */
  readonly from?: Spot;
  readonly to?: Spot;
  readonly stage: TaskStage;
  /** Who has it, or closed it; empty for nobody. */
  readonly worker: string;
  readonly attempt: number;
  /** The fencing token; empty while nobody has it. A string, because it can be beyond 2⁵³. */
  readonly lease: string;
  /** From 0 to 1. */
  readonly progress: number;
  readonly doing: string;
  readonly submittedBy: string;
  readonly priority: number;
  readonly reason: string;
}

/** A worker, as the leader has it. */
export interface WorkerView {
  readonly name: string;
  readonly state: "ONLINE" | "DRAINING" | "LOST";
  readonly taskIds: readonly string[];
  readonly lastSeenAt?: number;
}

/** How the emergency stop stands. */
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

/** Somebody who was refused, so many times in quick succession. */
export interface DenialView {
  readonly id: string;
  /** When the last of them came, in milliseconds since the epoch. */
  readonly at: number;
  /** Who tried it, in words, where somebody knows. */
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

/** How long a bot can prove itself with what it has. */
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

/** What came of the story. */
export interface OutcomeView {
  readonly ok: boolean;
  readonly submitted: number;
  readonly completed: number;
  readonly lost: number;
  readonly duplicated: number;
}

/** Whether whoever is watched can be heard. */
export interface LinkView {
  readonly to: "leader" | "feed";
  readonly up: boolean;
  /** Why it is not; empty while it is. */
  readonly reason: string;
}

/** Something that the dashboard has learned. */
export type News =
  | { readonly kind: "plan"; readonly plan: FloorPlan }
  | { readonly kind: "link"; readonly link: LinkView }
  /** Those that moved or changed, and those that left. `complete`: forget the others. */
  | {
      readonly kind: "robots";
      readonly complete: boolean;
      readonly robots: readonly RobotView[];
      readonly gone: readonly string[];
    }
  | { readonly kind: "machines"; readonly machines: readonly MachineView[] }
  /** Those that changed. `complete`: forget the others. */
  | { readonly kind: "tasks"; readonly complete: boolean; readonly tasks: readonly TaskView[] }
  | { readonly kind: "workers"; readonly workers: readonly WorkerView[] }
  | { readonly kind: "safety"; readonly safety: SafetyView }
  | { readonly kind: "denial"; readonly denial: DenialView }
  | { readonly kind: "credential"; readonly credential: CredentialView }
  | { readonly kind: "act"; readonly act: ActView }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "outcome"; readonly outcome: OutcomeView };

/**
 * News, and when the dashboard heard it, in milliseconds since the epoch. The record of a run is entries in the order of their times, one
 * JSON object a line (NDJSON), the first of kind `plan`; the page is fed the same.
 *
 * ```json
 * {"at":1764057600000,"kind":"denial","denial":{"id":"7","attacker":"the visitor's laptop","reason":"RATE_LIMITED",…}}
 * ```
 */
export type Entry = News & { readonly at: number };
