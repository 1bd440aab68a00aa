import type { Denial } from "@interlock/bot";
import type { Credentials } from "./credentials.js";

/** The configuration of the authority's process. */
export interface AuthorityConfig {
  readonly dataDir: string;
  readonly grants: string;
  readonly leafTtlMs: number;
  readonly tokenTtlMs: number;
}

/** The data with which a process joins the fleet; the join token is used the first time only. */
export interface BotConfig {
  readonly authority: string;
  readonly joinToken: string;
  readonly stateDir: string;
}

/** The configuration of the floor's process. */
export interface FloorConfig extends BotConfig {
  readonly stepMs: number;
}

/** The configuration of the leader's process. */
export interface LeaderConfig extends BotConfig {
  /** 0 for any free one. */
  readonly port: number;
}

/** The configuration of the gateway's process. */
export interface GatewayConfig extends BotConfig {
  readonly leader: string;
}

/** The configuration of each worker's process, and of the zombie's. */
export interface WorkerConfig extends BotConfig {
  readonly leader: string;
  readonly floor: string;
  readonly seed: number;
}

/** The configuration of the visitor's laptop. */
export interface LaptopConfig {
  readonly ca: string;
}

/** The messages of the processes to the demo. Times are milliseconds since the epoch. */
export type ChildMessage =
  | { readonly type: "ready"; readonly address: string; readonly ca?: string }
  /** The answer to the question with this number. */
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  /** A denial, and how often it happened. */
  | { readonly type: "denial"; readonly denial: Denial; readonly count: number }
  | { readonly type: "credential"; readonly issuedAt: number; readonly expiresAt: number }
  /** From the authority: it issued a token to a bot; it revoked a bot. */
  | { readonly type: "token"; readonly name: string; readonly issuedAt: number; readonly expiresAt: number }
  | { readonly type: "revoked"; readonly name: string }
  /** From the leader: it leads; a worker came or went; a report was refused. */
  | { readonly type: "leads"; readonly epoch: number; readonly at: number }
  | { readonly type: "worker"; readonly worker: string; readonly state: string; readonly at: number }
  | { readonly type: "refusal"; readonly worker: string; readonly taskId: string; readonly reason: string }
  /** From a worker: an attempt begins, with or without a checkpoint; it is stopped. */
  | { readonly type: "begun"; readonly taskId: string; readonly attempt: number; readonly checkpoint: string }
  | { readonly type: "halted"; readonly taskId: string; readonly reason: string; readonly at: number }
  /** From the zombie: the answer that it got. */
  | { readonly type: "receipt"; readonly recorded: boolean; readonly reason: string }
  /** From the floor: a machine had a permanent effect. */
  | { readonly type: "effect"; readonly taskId: string; readonly robot: string; readonly machine: string };

/** The demo's questions to a running process. */
export type ParentMessage =
  | { readonly type: "createJoinToken"; readonly id: number; readonly name: string }
  | { readonly type: "revoke"; readonly id: number; readonly name: string }
  | { readonly type: "audit"; readonly id: number }
  /** The zombie reports its first task as done, whatever has happened since. */
  | { readonly type: "complete" }
  /**
   * The laptop calls this method there until it is told to stop; it answers with the number of answers per gRPC code. It
   * gets fresh credentials with each question, because they are short-lived.
   */
  | { readonly type: "flood"; readonly address: string; readonly path: string; readonly papers: Credentials }
  | { readonly type: "enough"; readonly id: number };

/** A question without its number. */
export type Question = ParentMessage extends infer M ? (M extends { id: number } ? Omit<M, "id"> : never) : never;
