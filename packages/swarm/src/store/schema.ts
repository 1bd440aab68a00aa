/**
 * The tables, as the queries see them. Names are camelCase here and snake_case in the database. The types are those that
 * SQLite and PostgreSQL share: text, bytes, and bigint for counts and for times, which are milliseconds since the epoch.
 */
export interface Schema {
  leadership: LeadershipRow;
  tasks: TaskRow;
  payloads: PayloadRow;
  stops: StopRow;
  audit: AuditRow;
  forgottenKeys: ForgottenKeysRow;
}

/** The one row that names the leader. */
export interface LeadershipRow {
  /** Always 1. */
  id: number;
  /** Counts up with every leader, from 0. */
  epoch: number;
  /** The name of the leader; empty for none. */
  holder: string;
  /** When another may take over, if the leader does not write before. On PostgreSQL by its clock. */
  leadsUntil: number;
}

/** A task: the columns that are searched, and the whole of it in `task`, but for a payload that is kept apart. */
export interface TaskRow {
  taskId: string;
  sequence: number;
  revision: number;
  /** `interlock.swarm.v1.TaskState`. */
  state: number;
  sessionId: string;
  /** Unique unless it is empty. */
  idempotencyKey: string;
  requestDigest: string;
  /** `interlock.swarm.v1.Task`. */
  task: Uint8Array;
  /** 1 where the payload has a row of its own, else 0. */
  payloadApart: number;
}

/** A long payload: it is written once, and not with each change of its task. */
export interface PayloadRow {
  taskId: string;
  payload: Uint8Array;
}

/** Idempotency keys of tasks that were forgotten together: one row for hundreds of them. */
export interface ForgottenKeysRow {
  sequence: number;
  closedAt: number;
  /** Packed: `leader/key-records.ts`. */
  keys: Uint8Array;
}

/** An emergency stop. It is in force until it is reset. */
export interface StopRow {
  stopId: string;
  issuer: string;
  reason: string;
  issuedAt: number;
  resetAt: number | null;
  resetBy: string;
  resetReason: string;
}

/** An entry of the audit. */
export interface AuditRow {
  id: string;
  at: number;
  kind: "refusal" | "stop" | "reset";
  actor: string;
  subject: string;
  attempt: number;
  leaseToken: number;
  reason: string;
}
