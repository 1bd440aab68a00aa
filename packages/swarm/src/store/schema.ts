/**
 * The tables, as the queries see them. Names are camelCase here and snake_case in the database. Only types that SQLite
 * and PostgreSQL both have: text, bytes, and bigint for counts and for times, which are milliseconds since the epoch.
 */
export interface Schema {
  leadership: LeadershipRow;
  tasks: TaskRow;
  stops: StopRow;
  audit: AuditRow;
}

/** The one row that says who leads. */
export interface LeadershipRow {
  /** Always 1. */
  id: number;
  /** Counts up with every leader; 0 at first. */
  epoch: number;
  /** The name of the leader; empty for none. */
  holder: string;
  /** From then on another may take over, unless the leader writes before. By the clock of PostgreSQL, where there is one. */
  leadsUntil: number;
}

/** A task: what is searched for, and all of it in `task`. */
export interface TaskRow {
  taskId: string;
  sequence: number;
  revision: number;
  /** `interlock.swarm.v1.TaskState`. */
  state: number;
  sessionId: string;
  /** Unique where it is not empty. */
  idempotencyKey: string;
  requestDigest: string;
  /** `interlock.swarm.v1.Task`. */
  task: Uint8Array;
}

/** An emergency stop. One that has not been reset is in force. */
export interface StopRow {
  stopId: string;
  issuer: string;
  reason: string;
  issuedAt: number;
  resetAt: number | null;
  resetBy: string;
  resetReason: string;
}

/** Something that has to be accounted for. */
export interface AuditRow {
  id: string;
  at: number;
  kind: string;
  actor: string;
  subject: string;
  attempt: number;
  leaseToken: number;
  reason: string;
}
