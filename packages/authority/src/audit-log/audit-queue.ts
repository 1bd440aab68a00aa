import type { AuditEntry } from "@interlock/policy/audit-log";
import type { Store } from "../store/store.js";

/** Records actions that have no transaction of their own, such as an issued token. */
export interface AuditQueue {
  /** Resolves once the entry is on the disk. */
  append(entry: AuditEntry): Promise<void>;
}

const maximumBatch = 1_000;

/**
 * Creates a queue that writes in batches: entries that arrive during a write are written together by the next one, at
 * most 1,000 at a time. So many concurrent calls cost few flushes. The queue is bounded by the calls that wait for it.
 */
export function createAuditQueue(store: Store): AuditQueue {
  let waiting: { entry: AuditEntry; resolve(): void; reject(error: unknown): void }[] = [];
  let writing = false;

  async function write(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maximumBatch);
      waiting = waiting.slice(maximumBatch);
      try {
        await store.transaction(({ auditLog }) => auditLog.append(...batch.map(({ entry }) => entry)));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    writing = false;
  }

  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        if (!writing) void write();
      }),
  };
}
