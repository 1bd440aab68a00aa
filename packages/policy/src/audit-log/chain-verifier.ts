import { type AuditPosition, type AuditRecord, hashOf } from "./audit-record.js";

/** A fault in an audit log. */
export interface AuditFault {
  readonly kind: "missing" | "changed" | "moved";
  /** The number of the record; of the first one when several are missing. */
  readonly seq: number;
  /** The fault in a sentence. */
  readonly text: string;
}

/** A verifier of an audit log. It takes one record at a time, so the log may have any length. */
export interface ChainVerifier {
  /** Adds the next record, in the order of the log. */
  add(record: AuditRecord): void;
  /** Returns the faults, at most 100. Call it after the last record. */
  finish(): readonly AuditFault[];
}

const maximumFaults = 100;

/** The positions against which an audit log is verified. */
export interface ChainEnds {
  /** The last pruned record; number 0 when no record has been pruned. */
  readonly checkpoint: AuditPosition;
  /** The last record, as the keeper of the log states it. */
  readonly head: AuditPosition;
  /** An earlier head that was kept where the keeper of the log cannot change it. */
  readonly kept?: AuditPosition | undefined;
}

/**
 * Creates a verifier that finds records that were changed, removed, inserted or moved. Write access to the whole
 * database is enough to forge a complete new chain; only a head that was kept elsewhere reveals that.
 *
 * @example
 * ```ts
 * const verifier = createChainVerifier({ checkpoint, head });
 * for (const record of records) verifier.add(record);
 * const faults = verifier.finish();
 * ```
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
    if (last.sound) fault("changed", last.seq, `record ${last.seq} has been replaced: ${by} refers to another one`);
  }

  return {
    add(record) {
      const { seq, hash } = record;
      const sound = hashOf(record) === hash;
      if (seq <= last.seq) return fault("moved", seq, `record ${seq} comes after record ${last.seq}`);
      if (!sound) fault("changed", seq, `record ${seq} is not as it was written, or not where it was written`);
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
