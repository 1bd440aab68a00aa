import type { AuditEntry } from "@interlock/policy/audit-log";
import type { Store } from "../store/store.js";

/** Records what has no transaction of its own, such as a token that was issued. */
export interface AuditQueue {
  /** Resolves once the entry is on the disk. */
  append(entry: AuditEntry): Promise<void>;
}

const maximumBatch = 1_000;

/** Writes together what comes while the disk is busy: many calls at once cost few flushes. */
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
