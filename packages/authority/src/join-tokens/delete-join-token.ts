import { InterlockError } from "@interlock/bot";
import type { Store } from "../store/store.js";

/** Makes a join token worthless. Rejects with `NOT_FOUND` when there is none of that ID. */
export async function deleteJoinToken(store: Store, id: string, now: number, by: string): Promise<void> {
  await store.transaction(async ({ joinTokens, auditLog }) => {
    if (!(await joinTokens.delete(id))) {
      throw new InterlockError("NOT_FOUND", `There is no join token "${id}": see "interlock tokens list".`);
    }
    await auditLog.append({ at: now, kind: "uninvite", actor: by, subject: id, details: {} });
  });
}
