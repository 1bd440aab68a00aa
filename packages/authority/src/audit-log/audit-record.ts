import { createHash } from "node:crypto";

/** What the audit log has a record of. */
export type AuditKind =
  | "invite"
  | "uninvite"
  | "join"
  | "renew"
  | "clone"
  | "retire"
  | "token"
  | "grants"
  | "lock"
  | "unlock"
  | "denials"
  | "key"
  | "ca"
  | "issuer"
  | "prune"
  | "restore";

/** Something that is to be recorded. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: AuditKind;
  /** Who did it, a SPIFFE ID. */
  readonly actor: string;
  /** To whom or what. */
  readonly subject: string;
  /** What else there is to say; never a secret, a token or a key. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One record of the audit log, as it is stored. */
export interface AuditRecord {
  /** Counts up by one, from 1. */
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly actor: string;
  readonly subject: string;
  /** JSON. */
  readonly details: string;
  /** The hash of the record before it; empty for the first. */
  readonly previous: string;
  /** SHA-256 over all of the above, hex. */
  readonly hash: string;
}

/** A place in the audit log: a record's number and its hash. Kept elsewhere, it vouches for all that is before it. */
export interface AuditPosition {
  readonly seq: number;
  readonly hash: string;
}

/** The hash of a record: over the JSON array of everything else in it. */
export function hashOf({ seq, at, kind, actor, subject, details, previous }: Omit<AuditRecord, "hash">): string {
  const text = JSON.stringify([seq, at, kind, actor, subject, details, previous]);
  return createHash("sha256").update(text).digest("hex");
}

/** Makes the record of an entry, after another one. */
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
