import { type AuditPosition, type AuditRecord, hashOf } from "./audit-record.js";

/** Something that is wrong with an audit log. */
export interface AuditFault {
  readonly kind: "missing" | "changed" | "moved";
  /** Number of the record; the first of them, where several are missing. */
  readonly seq: number;
  /** What was found, in a sentence. */
  readonly text: string;
}

/** Verifies an audit log, record by record, so that it can be of any length. */
export interface ChainVerifier {
  /** Takes the next record, in the order of the log. */
  add(record: AuditRecord): void;
  /** Gives every fault there is, at most a hundred, once all records have been added. */
  finish(): readonly AuditFault[];
}

const maximumFaults = 100;

/** What an audit log is verified against. */
export interface ChainEnds {
  /** The last record that has been pruned; number 0 when none has. */
  readonly checkpoint: AuditPosition;
  /** The last record there is said to be. */
  readonly head: AuditPosition;
  /** A head that was noted down earlier, and kept where the log's keeper cannot change it. */
  readonly kept?: AuditPosition | undefined;
}

/**
 * Verifies that no record was changed, taken away, put in, or put elsewhere. Whoever can write the whole database can
 * also make a new chain; only a head that was kept elsewhere finds that out.
 */
export function createChainVerifier({ checkpoint, head, kept }: ChainEnds): ChainVerifier {
  const faults: AuditFault[] = [];
  let last: AuditPosition & { readonly sound: boolean } = { ...checkpoint, sound: true };
  let keptFound = !kept || samePosition(kept, checkpoint);

  function fault(kind: AuditFault["kind"], seq: number, text: string): void {
    if (faults.length < maximumFaults) faults.push({ kind, seq, text });
  }

  function missing(from: number, to: number): void {
    fault("missing", from, from === to ? `record ${from} is missing` : `records ${from} to ${to} are missing`);
  }

  function replaced(by: string): void {
    if (last.sound) fault("changed", last.seq, `record ${last.seq} has been replaced: ${by} knows another one`);
  }

  return {
    add(record) {
      const { seq, hash } = record;
      const sound = hashOf(record) === hash;
      if (seq <= last.seq) return fault("moved", seq, `record ${seq} comes after record ${last.seq}`);
      if (!sound) fault("changed", seq, `record ${seq} is not as it was written, or not where it was`);
      if (seq > last.seq + 1) missing(last.seq + 1, seq - 1);
      else if (sound && record.previous !== last.hash) replaced(`record ${seq}`);
      last = { seq, hash, sound };
      if (kept?.seq === seq) keptFound = kept.hash === hash;
    },
    finish() {
      if (last.seq < head.seq) missing(last.seq + 1, head.seq);
      else if (!samePosition(last, head)) replaced("the head of the log");
      if (kept && !keptFound) {
        const at = `record ${kept.seq} is not the one whose hash was kept`;
        if (kept.seq <= checkpoint.seq)
          fault("missing", kept.seq, `record ${kept.seq} has been pruned: keep a newer head`);
        else fault("changed", kept.seq, at);
      }
      return faults;
    },
  };
}

function samePosition(a: AuditPosition, b: AuditPosition): boolean {
  return a.seq === b.seq && a.hash === b.hash;
}
