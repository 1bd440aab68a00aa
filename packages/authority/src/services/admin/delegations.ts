import type { Store } from "../../store/store.js";
import { readPage } from "../page.js";
import { delegationToWire } from "../to-wire.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

type Parts = Pick<AdminParts, "store" | "hub" | "clock" | "own">;

/** Creates the handler that lists the delegations of every bot. */
export function delegationHandlers({ store, hub, clock, own }: Parts): AdminHandlers<"listDelegations"> {
  return {
    async listDelegations({ pageToken }) {
      const now = clock.now();
      const page = (request: Parameters<Store["delegations"]["page"]>[0]) => store.delegations.page(request, now);
      const { items: delegations, nextPageToken } = await readPage(pageToken, page, {
        key: [0, ""],
        keyOf: ({ createdAt, id }) => [createdAt, id],
        toItem: (row) => delegationToWire(row, own().trustDomain, hub.trust.tokenRevoked),
      });
      return { delegations, nextPageToken };
    },
  };
}
