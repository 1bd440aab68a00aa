/** The configuration of a process of the swarm. */
export interface ProcessConfig {
  readonly authority: string;
  readonly name: string;
  readonly stateDir: string;
  readonly joinToken: string;
  /** The leader's port; 0 for any free port. */
  readonly port: number;
  /** The leader's task store. */
  readonly store: string;
  /** How long a lease the leader gives to tasks of the kind `compute`, in milliseconds; 0 for no longer than others. */
  readonly computeMs: number;
  /** The number of tasks that a worker takes at once. */
  readonly slots: number;
  /** The number of additional tasks that it receives ahead of time. */
  readonly prefetch: number;
  /** `host:port` of every leader. */
  readonly leaders: readonly string[];
}

/** A message of a process to the test. */
export type Report =
  | { readonly type: "ready"; readonly address: string }
  | { readonly type: "failed"; readonly error: string }
  /** A computing worker began an attempt. */
  | { readonly type: "began"; readonly attempt: number }
  /** A worker has logged a warning. */
  | { readonly type: "warned"; readonly message: string; readonly facts: object }
  /** A worker asks the sink: may it begin, may its effect happen? */
  | {
      readonly type: "ask";
      readonly id: number;
      readonly what: "begin" | "apply";
      readonly taskId: string;
      readonly leaseToken: string;
    };

/** A message of the test to a running worker: the sink's answer. */
export type Order = { readonly type: "answer"; readonly id: number; readonly answer: string };
