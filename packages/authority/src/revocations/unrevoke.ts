import { InterlockError } from "@interlock/bot";
import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { RevocationSubject } from "./check-subject.js";

/**
 * Lets in again what was shut out: it is on the disk, in force in this process, and on its way to every bot when this
 * resolves. Rejects with `NOT_FOUND` when it is not shut out; what a pattern shuts out, only the pattern lets in.
 */
export async function unlock(
  { store, hub }: { readonly store: Store; readonly hub: TrustHub },
  { kind, subject }: RevocationSubject,
  now: number,
  by: string,
): Promise<RevocationRow> {
  const lifted = await store.transaction(async ({ revocations, fleet, auditLog }) => {
    const known = await revocations.find(kind, subject);
    if (!known) throw notLocked(subject);
    const change = { liftedAt: now, trustVersion: await fleet.nextTrustVersion() };
    await revocations.lift(kind, subject, change);
    const details = { kind, trustVersion: change.trustVersion };
    await auditLog.append({ at: now, kind: "unlock", actor: by, subject, details });
    return { ...known, ...change };
  });
  await hub.refresh();
  return lifted;
}

function notLocked(subject: string): InterlockError {
  return new InterlockError("NOT_FOUND", `"${subject}" is not locked: see "interlock locks list".`);
}
