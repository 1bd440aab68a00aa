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
  /** How many more it is given beforehand. */
  readonly prefetch: number;
  /** `host:port` of every leader. */
  readonly leaders: readonly string[];
}

/** Something that came up in a process. */
export type Report =
  | { readonly type: "ready"; readonly address: string }
  | { readonly type: "failed"; readonly error: string }
  /** A worker asks the sink: may it begin, may its effect happen? */
  | {
      readonly type: "ask";
      readonly id: number;
      readonly what: "begin" | "apply";
      readonly taskId: string;
      readonly leaseToken: string;
    };

/** What a test tells a worker that runs: the sink's answer. */
export type Order = { readonly type: "answer"; readonly id: number; readonly answer: string };
