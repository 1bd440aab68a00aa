import { createHash } from "node:crypto";

/** The kinds of actions that the audit log records. */
export type AuditKind =
  | "invite"
  | "uninvite"
  | "join"
  | "renew"
  | "clone"
  | "retire"
  | "token"
  | "grants"
  | "revoke"
  | "unrevoke"
  | "denials"
  | "key"
  | "ca"
  | "issuer"
  | "prune"
  | "restore";

/** An action to record in the audit log. */
export interface AuditEntry {
  /** The time of the action, in milliseconds since the epoch. */
  readonly at: number;
  readonly kind: AuditKind;
  /** The SPIFFE ID of the actor. */
  readonly actor: string;
  /** What the action was done to. */
  readonly subject: string;
  /** Further details; never a secret, a token or a key. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One record of the audit log, as it is stored. */
export interface AuditRecord {
  /** The number of the record: 1 for the first, then increasing by one. */
  readonly seq: number;
  /** The time of the action, in milliseconds since the epoch. */
  readonly at: number;
  /** The kind of action; an {@link AuditKind} in records of this release. */
  readonly kind: string;
  /** The SPIFFE ID of the actor. */
  readonly actor: string;
  /** What the action was done to. */
  readonly subject: string;
  /** Further details, JSON. */
  readonly details: string;
  /** The hash of the previous record, hex; empty for the first. */
  readonly previous: string;
  /** SHA-256 over all other fields, hex. */
  readonly hash: string;
}

/** A position in the audit log: a record's number and hash. Kept elsewhere, it proves every record up to it. */
export interface AuditPosition {
  readonly seq: number;
  readonly hash: string;
}

/** Computes the hash of a record: SHA-256 over the JSON array of its other fields, hex. */
export function hashOf({ seq, at, kind, actor, subject, details, previous }: Omit<AuditRecord, "hash">): string {
  const text = JSON.stringify([seq, at, kind, actor, subject, details, previous]);
  return createHash("sha256").update(text).digest("hex");
}

/** Makes the record of an entry that follows another record. */
export function toRecord({ at, kind, actor, subject, details }: AuditEntry, after: AuditPosition): AuditRecord {
  const record = {
    seq: after.seq + 1,
    at,
    kind,
    actor,
    subject,
    details: JSON.stringify(details),
    previous: after.hash,
  };
  return { ...record, hash: hashOf(record) };
}
