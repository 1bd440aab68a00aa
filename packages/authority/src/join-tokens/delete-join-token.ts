import { InterlockError } from "@interlock/bot";
import type { Store } from "../store/store.js";

/** Deletes a join token, so that it can no longer be used. Rejects with `NOT_FOUND` when there is none with that id. */
export async function deleteJoinToken(store: Store, id: string, now: number, by: string): Promise<void> {
  await store.transaction(async ({ joinTokens, auditLog }) => {
    if (!(await joinTokens.delete(id))) {
      throw new InterlockError("NOT_FOUND", `There is no join token "${id}". List them with "interlock tokens list".`);
    }
    await auditLog.append({ at: now, kind: "uninvite", actor: by, subject: id, details: {} });
  });
}
