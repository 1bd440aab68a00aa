/** What a test tells a process of the swarm when it starts. */
export interface ProcessConfig {
  readonly authority: string;
  readonly name: string;
  readonly stateDir: string;
  readonly joinToken: string;
  /** Where the leader listens; 0 for any free port. */
  readonly port: number;
  /** Where the leader keeps its tasks. */
  readonly store: string;
  /** How many tasks a worker takes at once. */
  readonly slots: number;
  /** `host:port` of every leader. */
  readonly leaders: readonly string[];
}

/** Something that came up in a process. Times are of `Date.now()`. */
export type Report =
  | { readonly type: "ready"; readonly address: string }
  | { readonly type: "failed"; readonly error: string }
  /** A worker has begun an attempt, with what an earlier one has left. */
  | {
      readonly type: "begun";
      readonly taskId: string;
      readonly attempt: number;
      readonly checkpoint: string;
      readonly at: number;
    }
  /** The signal of a handler has aborted. */
  | { readonly type: "aborted"; readonly taskId: string; readonly reason: string; readonly at: number }
  /** A leader has changed its mind on a worker. */
  | { readonly type: "worker"; readonly worker: string; readonly state: string; readonly at: number }
  /** A leader has refused a report. */
  | {
      readonly type: "refusal";
      readonly worker: string;
      readonly taskId: string;
      readonly attempt: number;
      readonly reason: string;
    }
  /** A zombie was answered, or its stream was ended. */
  | { readonly type: "receipt"; readonly recorded: boolean; readonly reason: string }
  | { readonly type: "flooded"; readonly count: number }
  /** A worker asks the sink: may it begin, may its effect happen? */
  | {
      readonly type: "ask";
      readonly id: number;
      readonly what: "begin" | "apply";
      readonly taskId: string;
      readonly leaseToken: string;
    };

/** What a test tells a process that runs. */
export type Order =
  | { readonly type: "answer"; readonly id: number; readonly answer: string }
  | { readonly type: "complete" }
  | { readonly type: "flood"; readonly inFlight: number };
