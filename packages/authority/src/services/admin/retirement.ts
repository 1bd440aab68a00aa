import { checkMethods } from "../../retirement/check-methods.js";
import { retirementEntry } from "../../retirement/record-retirement.js";
import { retireMethods, unretireMethods } from "../../retirement/retire-methods.js";
import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

type Parts = Pick<AdminParts, "store" | "hub" | "clock" | "log">;
type Names = "retireMethods" | "unretireMethods" | "listRetiredMethods" | "recordRetirement";

/** Creates the handlers for retired methods, and for the records of retirements. */
export function retirementHandlers({ store, hub, clock, log }: Parts): AdminHandlers<Names> {
  return {
    async retireMethods({ methods }, { caller }) {
      const asked = checkMethods(methods);
      const { changed, trustVersion } = await retireMethods(store, asked, clock.now(), caller.spiffeId.uri);
      await hub.refresh();
      for (const method of changed) log.warn("method retired", { method, by: caller.name });
      return { retired: [...changed], trustVersion: BigInt(trustVersion) };
    },

    async unretireMethods({ methods }, { caller }) {
      const asked = checkMethods(methods);
      const { changed, trustVersion } = await unretireMethods(store, asked, clock.now(), caller.spiffeId.uri);
      await hub.refresh();
      for (const method of changed) log.warn("method unretired", { method, by: caller.name });
      return { unretired: [...changed], trustVersion: BigInt(trustVersion) };
    },

    async listRetiredMethods({ pageToken }) {
      const { items: methods, nextPageToken } = await readPage(pageToken, store.retiredMethods.page, {
        key: [""],
        keyOf: ({ method }) => [method],
        toItem: ({ method, retiredAt, retiredBy }) => ({ method, retiredAt: new Date(retiredAt), retiredBy }),
      });
      return { methods, nextPageToken };
    },

    async recordRetirement(request, { caller }) {
      const entry = retirementEntry(request, clock.now(), caller.spiffeId.uri);
      const head = await store.transaction(async ({ auditLog }) => {
        await auditLog.append(entry);
        return (await auditLog.ends()).head;
      });
      log.warn("retirement recorded", { subject: entry.subject, open: request.open.length, by: caller.name });
      return { seq: BigInt(head.seq) };
    },
  };
}
