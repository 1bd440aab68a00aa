import type { Clock, Identity, Log } from "@interlock/bot";
import { createListeners, type SourceContact } from "@interlock/bot/internal";

/** A problem with the source of an identity. */
export interface SourceProblem {
  /** What tells it from other problems: it is logged once. */
  readonly kind: string;
  readonly message: string;
}

/** Whether the Workload API gives a good identity. */
export interface SourceState extends SourceContact {
  /** Says that a good identity has come. */
  good(): void;
  /** Says that none has come, and which one stays. */
  bad(problem: SourceProblem, identity: Identity): void;
}

/** Creates the state. It logs each kind of problem once until an identity has come again, and the end of a certificate's life. */
export function createSourceState(endpoint: string, clock: Clock, log: Log): SourceState {
  const listeners = createListeners<boolean>();
  const told = new Set<string>(); // Of gRPC's codes, and a few of our own.
  let awaySince: number | undefined;
  return {
    get awaySince() {
      return awaySince;
    },
    onChange: listeners.add,
    good() {
      if (awaySince === undefined) return;
      const awaySeconds = Math.round(Math.max(0, clock.now() - awaySince) / 1_000);
      awaySince = undefined;
      told.clear();
      log.info("identity comes from the Workload API again", { endpoint, awaySeconds });
      listeners.tell(false);
    },
    bad({ kind, message }, { leaf }) {
      const first = awaySince === undefined;
      awaySince ??= clock.now();
      const expired = clock.now() >= leaf.notAfter;
      const key = expired ? `${kind}, expired` : kind;
      if (!told.has(key)) {
        told.add(key);
        const fields = { endpoint, problem: message, expires: new Date(leaf.notAfter).toISOString() };
        if (expired) log.error("certificate expired, and no other comes from the Workload API", fields);
        else log.warn("no identity comes from the Workload API, the last one stays until it expires", fields);
      }
      if (first) listeners.tell(true);
    },
  };
}
