import { createHash } from "node:crypto";

/** The kinds of actions that the audit log records. */
export const auditKinds = [
  "invite",
  "uninvite",
  "join",
  "renew",
  "recover",
  "clone",
  "retire",
  "token",
  "grants",
  "revoke",
  "unrevoke",
  "denials",
  "key",
  "ca",
  "issuer",
  "prune",
  "operator",
  "restore",
  "retire-method",
  "unretire-method",
  "retirement",
  "federation",
  "delegate",
  "approval",
  "receipt",
] as const;

/** One of {@link auditKinds}. */
export type AuditKind = (typeof auditKinds)[number];

/** The `typ` of a receipt: a record of the audit log, of the kind `receipt`, that the authority has signed. */
export const receiptType = "interlock-receipt+json";

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

/**
 * Computes the hash of a record.
 *
 * @param record - The record without its hash.
 * @returns SHA-256 over the JSON array of the other fields, hex.
 */
export function hashOf({ seq, at, kind, actor, subject, details, previous }: Omit<AuditRecord, "hash">): string {
  const text = JSON.stringify([seq, at, kind, actor, subject, details, previous]);
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Makes the record of an entry.
 *
 * @param entry - The action to record.
 * @param after - The position of the record before it.
 * @returns The record, with its number and its hash.
 */
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
