import { InterlockError } from "@interlock/bot";
import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { RevocationSubject } from "./check-subject.js";

/**
 * Ends a revocation. When this resolves, the change is on the disk, in force in this process, and on its way to every
 * bot. Rejects with `NOT_FOUND` when the subject is not revoked. A revocation of a pattern ends only by that pattern.
 */
export async function unrevoke(
  { store, hub }: { readonly store: Store; readonly hub: TrustHub },
  { kind, subject }: RevocationSubject,
  now: number,
  by: string,
): Promise<RevocationRow> {
  const unrevoked = await store.transaction(async ({ revocations, fleet, auditLog }) => {
    const known = await revocations.find(kind, subject);
    if (!known) throw notRevoked(subject);
    const change = { unrevokedAt: now, trustVersion: await fleet.nextTrustVersion() };
    await revocations.unrevoke(kind, subject, change);
    const details = { kind, trustVersion: change.trustVersion };
    await auditLog.append({ at: now, kind: "unrevoke", actor: by, subject, details });
    return { ...known, ...change };
  });
  await hub.refresh();
  return unrevoked;
}

function notRevoked(subject: string): InterlockError {
  return new InterlockError(
    "NOT_FOUND",
    `"${subject}" is not revoked. List the revocations with "interlock revocations".`,
  );
}
