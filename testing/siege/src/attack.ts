import type { Bot } from "@interlock/bot";

/** The machine under attack: a process with one of these in it. */
export type TargetKind = "bot" | "authority" | "leader";

/** Honest use of a target, made again and again: see `probes/`. */
export type ProbeName = "echo" | "connect" | "token" | "lock" | "join" | "jwks" | "submit" | "tasks" | "stop";

/** Where a target can be reached. */
export interface TargetAddress {
  readonly kind: TargetKind;
  /** `host:port` of the target's gRPC port. */
  readonly address: string;
  readonly port: number;
  /** The port of the authority's HTTPS door; 0 for other targets. */
  readonly httpsPort: number;
  /** `host:port` of the authority, which is the target itself where that is attacked. */
  readonly authority: string;
}

/** What an attacker has at hand, in a process of its own. */
export interface AttackStage {
  readonly target: TargetAddress;
  /** Bots of the fleet that the attacker controls: those that {@link Attack.bots} names. */
  readonly bots: readonly Bot[];
  /** Join tokens that the attacker has got hold of: those that {@link Attack.joinTokens} names. */
  readonly joinTokens: readonly string[];
  /** Aborts when the time is over. An attack stops then, if it has not stopped before. */
  readonly signal: AbortSignal;
}

/** What an attack came to. */
export interface AttackOutcome {
  /** How often the attack was made: handshakes, calls or messages. */
  readonly sent: number;
  /** Answers by kind, each counted: a gRPC status code, or `close`. */
  readonly answers: Readonly<Record<string, number>>;
  /** What else was measured, such as the time of an emergency stop. */
  readonly note?: string | undefined;
  /** What is wrong beyond the answers; absent where nothing is. */
  readonly problem?: string | undefined;
}

/** One attack on availability, from the security contract, rows 37 on. */
export interface Attack {
  /** Unique, in kebab case; also the name of its file in `attacks/`. */
  readonly name: string;
  readonly row: number;
  /** What is tried, in a sentence. */
  readonly title: string;
  /** A stranger, a bot without a scope, or a member of a swarm. */
  readonly who: "S" | "B" | "M";
  readonly target: TargetKind;
  /** Honest uses that go on all along, and must not notice. */
  readonly probes: readonly ProbeName[];
  /** Names of the bots that the attacker controls. Default: none. */
  readonly bots?: readonly string[] | undefined;
  /** Names for which the attacker holds a join token. Default: none. */
  readonly joinTokens?: readonly string[] | undefined;
  /** Grants of those bots, in the form of grants.yaml. Default: none. */
  readonly grants?: string | undefined;
  /** Answers that the contract allows, besides which there must be none: see {@link AttackOutcome.answers}. */
  readonly allowed: readonly string[];
  /** The longest that the attack may take, in milliseconds. Default: 4,000. */
  readonly forMs?: number | undefined;
  run(stage: AttackStage): Promise<AttackOutcome>;
}
