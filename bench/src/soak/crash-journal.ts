import { createHash } from "node:crypto";

/** The kinds of operations that the crash soak records. */
export const kinds = ["join", "invite", "uninvite", "grants", "revoke", "unrevoke", "token", "key"] as const;
export type Kind = (typeof kinds)[number];

/** Everything that the authority has acknowledged, and that must therefore be there after a crash. */
export interface Journal {
  /** The names of the bots that have joined, with the serial numbers of their certificates. */
  readonly bots: Map<string, string>;
  /** The IDs of join tokens. The value becomes false before a token is deleted. */
  readonly invites: Map<string, boolean>;
  readonly uninvited: Set<string>;
  /** The versions of the grants, each with a hash of its text. */
  readonly grants: Map<bigint, string>;
  /** Subjects that are revoked; those of which an unrevoke was asked are taken out, whatever came of it. */
  readonly revoked: Set<string>;
  readonly unrevoked: Set<string>;
  /** The `jti`s of tokens that were issued. */
  readonly tokens: Set<string>;
  /** The `kid`s of token keys that were made. */
  readonly keys: Set<string>;
  /** The number of acknowledged operations, by kind. */
  readonly acknowledged: Record<Kind, number>;
  /** The number of operations that failed or had no answer. */
  failed: number;
}

/** An empty journal. */
export function createJournal(): Journal {
  return {
    bots: new Map(),
    invites: new Map(),
    uninvited: new Set(),
    grants: new Map(),
    revoked: new Set(),
    unrevoked: new Set(),
    tokens: new Set(),
    keys: new Set(),
    acknowledged: Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>,
    failed: 0,
  };
}

/** The hash that stands for a text in the journal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
