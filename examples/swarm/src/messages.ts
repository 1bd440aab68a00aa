import type { Denial } from "@interlock/bot";
import type { Credentials } from "./credentials.js";

/** What the demo tells its authority process. */
export interface AuthorityConfig {
  readonly dataDir: string;
  readonly grants: string;
  readonly leafTtlMs: number;
  readonly tokenTtlMs: number;
}

/** How a process becomes a bot of the fleet; the join token is for the first time only. */
export interface BotConfig {
  readonly authority: string;
  readonly joinToken: string;
  readonly stateDir: string;
}

/** What the demo tells the process that is the floor and its machines. */
export interface FloorConfig extends BotConfig {
  readonly stepMs: number;
}

/** What the demo tells its leader process. */
export interface LeaderConfig extends BotConfig {
  /** 0 for any free one. */
  readonly port: number;
}

/** What the demo tells each worker process, and the zombie's. */
export interface WorkerConfig extends BotConfig {
  readonly leader: string;
  readonly floor: string;
  readonly seed: number;
}

/** What the demo tells the visitor's laptop. */
export interface LaptopConfig {
  readonly ca: string;
}

/** What the processes tell the demo. Times are milliseconds since the epoch. */
export type ChildMessage =
  | { readonly type: "ready"; readonly address: string; readonly ca?: string }
  /** What was asked under this number. */
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  /** Refused, so many times. */
  | { readonly type: "denial"; readonly denial: Denial; readonly count: number }
  | { readonly type: "credential"; readonly issuedAt: number; readonly expiresAt: number }
  /** Of the authority: it has given a bot a token; it has shut a bot out. */
  | { readonly type: "token"; readonly name: string; readonly issuedAt: number; readonly expiresAt: number }
  | { readonly type: "revoked"; readonly name: string }
  /** Of the leader: it leads; a worker came or went; a report was refused. */
  | { readonly type: "leads"; readonly epoch: number; readonly at: number }
  | { readonly type: "worker"; readonly worker: string; readonly state: string; readonly at: number }
  | { readonly type: "refusal"; readonly worker: string; readonly taskId: string; readonly reason: string }
  /** Of a worker: an attempt begins, with a checkpoint or without; it is stopped. */
  | { readonly type: "begun"; readonly taskId: string; readonly attempt: number; readonly checkpoint: string }
  | { readonly type: "halted"; readonly taskId: string; readonly reason: string; readonly at: number }
  /** Of the zombie: what it was answered. */
  | { readonly type: "receipt"; readonly recorded: boolean; readonly reason: string }
  /** Of the floor: a machine has done something for good. */
  | { readonly type: "effect"; readonly taskId: string; readonly robot: string; readonly machine: string };

/** What the demo asks a process that runs. */
export type ParentMessage =
  | { readonly type: "createJoinToken"; readonly id: number; readonly name: string }
  | { readonly type: "revoke"; readonly id: number; readonly name: string }
  | { readonly type: "audit"; readonly id: number }
  /** The zombie reports the first task it was given as done, whatever has happened meanwhile. */
  | { readonly type: "complete" }
  /**
   * The laptop calls this method there until it is told to stop; it answers how often it had which gRPC code. Papers do
   * not last long.
   */
  | { readonly type: "flood"; readonly address: string; readonly path: string; readonly papers: Credentials }
  | { readonly type: "enough"; readonly id: number };

/** A question without its number. */
export type Question = ParentMessage extends infer M ? (M extends { id: number } ? Omit<M, "id"> : never) : never;
