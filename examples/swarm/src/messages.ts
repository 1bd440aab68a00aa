import type { Denial } from "@interlock/bot";

/** What the demo tells its authority process. */
export interface AuthorityConfig {
  readonly dataDir: string;
  readonly grants: string;
}

/** What the demo tells its leader process. */
export interface LeaderConfig {
  readonly authority: string;
  readonly joinToken: string;
  readonly stateDir: string;
  readonly stepMs: number;
}

/** What the demo tells each worker process. */
export interface WorkerConfig {
  readonly authority: string;
  readonly leader: string;
  readonly joinToken: string;
  readonly stateDir: string;
  readonly seed: number;
}

/** What the processes tell the demo. */
export type ChildMessage =
  | { readonly type: "ready"; readonly address: string; readonly ca?: string }
  | { readonly type: "joinToken"; readonly name: string; readonly joinToken: string }
  | { readonly type: "denial"; readonly denial: Denial }
  | { readonly type: "refusal"; readonly worker: string; readonly reason: string }
  | { readonly type: "executed"; readonly taskId: string; readonly attempt: number };

/** What the demo asks a process that runs. */
export type ParentMessage = { readonly type: "createJoinToken"; readonly name: string };
