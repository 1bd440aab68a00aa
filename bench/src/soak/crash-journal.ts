import { createHash } from "node:crypto";

/** The kinds of operations of which the crash soak keeps account. */
export const kinds = ["join", "invite", "uninvite", "grants", "lock", "unlock", "token", "key"] as const;
export type Kind = (typeof kinds)[number];

/** What the authority has acknowledged, to whom it must hold. */
export interface Journal {
  /** Names of the bots that have joined, each with the serial number of its certificate. */
  readonly bots: Map<string, string>;
  /** IDs of join tokens; false from when one is to be deleted. */
  readonly invites: Map<string, boolean>;
  readonly uninvited: Set<string>;
  /** Versions of the grants, each with a hash of its text. */
  readonly grants: Map<bigint, string>;
  /** Subjects that are locked; those of which an unlock was asked are taken out, whatever came of it. */
  readonly locked: Set<string>;
  readonly unlocked: Set<string>;
  /** `jti`s of tokens that were issued. */
  readonly tokens: Set<string>;
  /** `kid`s of token keys that were made. */
  readonly keys: Set<string>;
  /** How many operations were acknowledged, by kind. */
  readonly acknowledged: Record<Kind, number>;
  /** How many failed, or were never answered. */
  failed: number;
}

/** An empty journal. */
export function createJournal(): Journal {
  return {
    bots: new Map(),
    invites: new Map(),
    uninvited: new Set(),
    grants: new Map(),
    locked: new Set(),
    unlocked: new Set(),
    tokens: new Set(),
    keys: new Set(),
    acknowledged: Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>,
    failed: 0,
  };
}

/** What stands for a text in the journal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
