import type { Outcome } from "./knock.js";

/** What earlier attempts at a port have shown. */
export interface Doubts {
  /** Whether a connection was made before, and the next one is to confirm it. */
  confirms: boolean;
  /** How often the connection has met itself. */
  selves: number;
}

/** What is known of a port; `again` when another attempt has to tell. */
export type Verdict = "open" | "closed" | "silent" | "again";

/** How often a connection may meet itself before the port counts as closed: a listener would have kept the system from it. */
const mostSelves = 3;

/**
 * Judges an attempt, and remembers in `doubts` what it leaves open. On one machine, two attempts can meet each other: each has
 * the other's port as its source, and both are made (simultaneous open, RFC 9293, 3.5). So a connection of this machine with
 * itself has to be confirmed, and a reset, which may be the end of such a one.
 */
export function judge(doubts: Doubts, outcome: Outcome, code: string, ownPort: number | undefined): Verdict {
  switch (outcome) {
    case "busy":
      return "again";
    case "self":
      return ++doubts.selves < mostSelves ? "again" : "closed";
    case "open":
      if (doubts.confirms || (ownPort === undefined && code === "")) return "open";
      doubts.confirms = true;
      return "again";
    case "silent":
      // After a connection: the listener's queue is full by now. Without a listener, this machine would have refused.
      return doubts.confirms ? "open" : "silent";
    case "closed":
      return "closed";
  }
}
